// Package args parses the command lines of both programs, and prints the usage of all.
package args

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"runtime/debug"
	"strings"
)

// SetUsage makes flags print that usage, and after it the options. Package flag prints
// the defaults in English.
func SetUsage(flags *flag.FlagSet, usage string) {
	flags.Usage = func() {
		output := flags.Output()
		var options strings.Builder
		flags.SetOutput(&options)
		flags.PrintDefaults()
		flags.SetOutput(output)
		fmt.Fprintf(output, "%s\nOpciones:\n%s", usage, strings.ReplaceAll(options.String(), " (default ", " (por defecto "))
	}
}

// Parse parses the arguments of a program: the option -config, and those that define
// adds, if it is not nil. It returns the path of the configuration file, and whether
// -config named it; defaultPath is the path otherwise. Errors and the usage go to
// stderr, and the version goes to stdout. The error is flag.ErrHelp after -help and
// -version.
func Parse(program, usage, defaultPath string, define func(*flag.FlagSet), args []string, stdout, stderr io.Writer) (path string, named bool, err error) {
	flags := flag.NewFlagSet(program, flag.ContinueOnError)
	flags.SetOutput(stderr)
	SetUsage(flags, usage)
	flags.StringVar(&path, "config", defaultPath, "`archivo` de configuración")
	version := flags.Bool("version", false, "muestra de qué versión es el programa y termina")
	if define != nil {
		define(flags)
	}
	if err := flags.Parse(args); err != nil {
		return "", false, err
	}
	if flags.NArg() > 0 {
		fmt.Fprintf(stderr, "%s: argumento inesperado: %q\n", program, flags.Arg(0))
		return "", false, errors.New("unexpected argument")
	}
	if *version {
		info, _ := debug.ReadBuildInfo() // nil if the binary has none
		fmt.Fprintf(stdout, "%s: %s\n", program, describe(info))
		return "", false, flag.ErrHelp
	}
	flags.Visit(func(f *flag.Flag) { named = named || f.Name == "config" })
	return path, named, nil
}
