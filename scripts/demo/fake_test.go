package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/identity"
)

// The test binary, run again with LOTTERY_FAKE set, is the demo itself or one of its
// children: a server and a client that keep the contract of the real ones
// (environment, log lines, bets.csv) but have a protocol of one line a bet. The
// variable's value names what goes wrong.
const fakeVariable = "LOTTERY_FAKE"

func TestMain(m *testing.M) {
	fault := os.Getenv(fakeVariable)
	switch {
	case fault == "":
		os.Exit(m.Run())
	case os.Getenv("SERVER_PORT") != "":
		os.Exit(fakeServer(fault))
	case os.Getenv("CLI_ID") != "":
		os.Exit(fakeClient(fault))
	default:
		os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
	}
}

func logLine(format string, args ...any) {
	fmt.Printf("2024-08-21 22:11:15 INFO     "+format+"\n", args...)
}

func fakeServer(fault string) int {
	if fault == "server-config" {
		logLine("action: config | result: fail | error: SERVER_PORT: fuera de rango")
		return 1
	}
	if os.Getenv("SERVER_AGENCIES") != "3" || os.Getenv("SERVER_STORAGE_SYNC") != "true" {
		logLine("action: config | result: fail | error: unexpected environment")
		return 1
	}
	if !certified(fault, identity.RoleCentral, "SERVER_TLS_") {
		return 1
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	listener, err := net.Listen("tcp", ":"+os.Getenv("SERVER_PORT"))
	if err != nil {
		logLine("%v", err)
		return 1
	}
	logLine("action: accept_connections | result: in_progress")
	go serveFake(listener, fault)
	if fault != "server-ignores-sigterm" {
		<-stop
		return 0
	}
	select {} // until a SIGKILL
}

// serveFake takes three agencies' bets, then answers them all.
func serveFake(listener net.Listener, fault string) {
	storage, err := os.Create(os.Getenv("SERVER_STORAGE"))
	if err != nil {
		panic(err)
	}
	var conns []net.Conn
	winners := make([]int, 3)
	for i := range winners {
		conn, err := listener.Accept()
		if err != nil {
			panic(err)
		}
		conns = append(conns, conn)
		id, n, lines := 0, 0, bufio.NewScanner(conn)
		for lines.Scan() && lines.Text() != "." {
			row := lines.Text()
			fmt.Sscanf(row, "%d,", &id)
			if strings.HasSuffix(row, ",7574") {
				winners[i]++
			}
			n++
			if fault == "server-loses" && n == 100 {
				continue
			}
			if fault == "server-changes" && n == 100 {
				row = strings.Replace(row, "Núñez", "Nuñez", 1)
			}
			fmt.Fprintf(storage, "%s\r\n", row)
		}
		logLine("action: apuesta_recibida | result: success | cantidad: %d | agencia: %d", n, id)
		if fault == "server-dies" {
			logLine("action: open | result: fail | error: disco lleno")
			os.Exit(3)
		}
	}
	storage.Close()
	if fault == "server-silent" || fault == "server-ignores-sigterm" {
		logLine("waiting")
		return
	}
	for i, conn := range conns {
		fmt.Fprintln(conn, winners[i])
		logLine("action: ganadores_enviados | result: success | agencia: %d | cant_ganadores: %d", i+1, winners[i])
	}
}

// certified returns whether a program of a demo with TLS got files that serve for its
// role, and one of another demo got none.
func certified(fault string, role identity.Role, prefix string) bool {
	files := identity.Files{CA: os.Getenv(prefix + "CA"), Cert: os.Getenv(prefix + "CERT"), Key: os.Getenv(prefix + "KEY")}
	if fault != "tls" {
		return files == identity.Files{}
	}
	_, err := identity.NewSource(files, role, nil)
	if err != nil {
		logLine("action: certificado | result: fail | error: %v", err)
	}
	return err == nil
}

func fakeClient(fault string) int {
	if !certified(fault, identity.RoleAgency, "CLI_TLS_") {
		return 1
	}
	id := os.Getenv("CLI_ID")
	if fault == "client-fails" && id == "2" {
		logLine("action: apuesta_enviada | result: fail | error: archivo ilegible")
		return 1
	}
	if os.Getenv("NOMBRE") != "" {
		return 1 // the demo's own environment reached its client
	}
	data, err := os.ReadFile(os.Getenv("CLI_DATA_FILE"))
	if err != nil {
		logLine("%v", err)
		return 1
	}
	conn, err := net.Dial("tcp", os.Getenv("CLI_SERVER_ADDRESS"))
	if err != nil {
		logLine("%v", err)
		return 1
	}
	for row := range bytes.Lines(data) {
		if _, err := fmt.Fprintf(conn, "%s,%s\n", id, bytes.TrimSpace(row)); err != nil {
			return 1
		}
	}
	fmt.Fprintln(conn, ".")
	answer, err := io.ReadAll(io.LimitReader(conn, 2))
	if err != nil {
		return 1
	}
	if fault != "client-forgets" {
		logLine("action: consulta_ganadores | result: success | cant_ganadores: %s", bytes.TrimSpace(answer))
	}
	return 0
}
