package shell

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"

	"github.com/rogpeppe/go-internal/testscript"
)

// fakeNetcat is busybox's `nc HOST PORT`, but it connects to this machine. Environment
// variables change what it does:
//
//	NC_REFUSALS  a file with the number of connections that are still refused
//	NC_SILENT    a refusal prints nothing, as with another netcat of busybox
//	NC_UNKNOWN   the server has no address
func fakeNetcat() {
	if len(os.Args) != 3 || os.Args[1] != "server" || os.Getenv("NC_UNKNOWN") != "" {
		fmt.Fprintf(os.Stderr, "nc: bad address '%v'\n", os.Args[1:])
		os.Exit(1)
	}
	if file := os.Getenv("NC_REFUSALS"); file != "" && refuse(file) {
		refused()
	}
	conn, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", os.Args[2]))
	if err != nil {
		refused()
	}
	go func() {
		io.Copy(conn, os.Stdin)
		conn.(*net.TCPConn).CloseWrite()
	}()
	io.Copy(os.Stdout, conn)
	os.Exit(0)
}

func refused() {
	if os.Getenv("NC_SILENT") == "" {
		fmt.Fprintln(os.Stderr, "nc: can't connect to remote host (127.0.0.1): Connection refused")
	}
	os.Exit(1)
}

// refuse returns whether to refuse a connection, and counts the refusal.
func refuse(file string) bool {
	text, err := os.ReadFile(file)
	if err != nil {
		panic(err)
	}
	left, err := strconv.Atoi(string(text[:len(text)-1]))
	if err != nil {
		panic(err)
	}
	if left == 0 {
		return false
	}
	if err := os.WriteFile(file, fmt.Appendln(nil, left-1), 0o644); err != nil {
		panic(err)
	}
	return true
}

// servers has the servers of the command `echoserver KIND`.
var servers = map[string]func(net.Conn){
	"line": func(conn net.Conn) { // like the project's server: one line, then it closes
		line, _ := bufio.NewReader(conn).ReadString('\n')
		io.WriteString(conn, line)
	},
	"reads":    func(conn net.Conn) { io.Copy(conn, conn) }, // until the client closes
	"prefixes": func(conn net.Conn) { io.WriteString(conn, "error: "); io.Copy(conn, conn) },
	"repeats": func(conn net.Conn) {
		line, _ := bufio.NewReader(conn).ReadString('\n')
		io.WriteString(conn, line+line)
	},
	"cuts": func(conn net.Conn) {
		line, _ := bufio.NewReader(conn).ReadString('\n')
		io.WriteString(conn, line[:len(line)/2])
	},
	"silent": func(conn net.Conn) { io.Copy(io.Discard, conn); select {} },
	"closes": func(conn net.Conn) { io.Copy(io.Discard, conn) }, // without an answer
	"success": func(conn net.Conn) { // the line that the script would print
		io.WriteString(conn, "action: test_echo_server | result: success\n")
		io.Copy(io.Discard, conn)
	},
}

// startServer is the command `echoserver KIND`. It sets PORT to the server's port.
func startServer(ts *testscript.TestScript, neg bool, args []string) {
	serve, ok := servers[args[0]]
	if !ok || neg {
		ts.Fatalf("no such server: %v", args)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() { defer conn.Close(); serve(conn) }()
		}
	}()
	ts.Setenv("PORT", strconv.Itoa(listener.Addr().(*net.TCPAddr).Port))
}
