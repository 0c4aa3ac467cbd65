package args

import (
	"flag"
	"strings"
	"testing"
)

// The usage is in Spanish, as the texts of the options are.
func TestUsage(t *testing.T) {
	var output strings.Builder
	flags := flag.NewFlagSet("prueba", flag.ContinueOnError)
	flags.SetOutput(&output)
	SetUsage(flags, "Uso: prueba [-agencias N]\n")
	flags.Int("agencias", 5, "`cantidad` de agencias")
	if err := flags.Parse([]string{"-help"}); err != flag.ErrHelp {
		t.Errorf("the error is %v", err)
	}
	const want = "Uso: prueba [-agencias N]\n\nOpciones:\n  -agencias cantidad\n    \tcantidad de agencias (por defecto 5)\n"
	if got := output.String(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
