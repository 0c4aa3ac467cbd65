// Command echoserver is another echo server than the project's. It serves one connection
// at a time, answers each read at once, and closes the connection after the client. With
// the argument "wrong" its answers are wrong.
package main

import (
	"log"
	"net"
	"os"
)

func main() {
	listener, err := net.Listen("tcp", ":12345")
	if err != nil {
		log.Fatal(err)
	}
	prefix := ""
	if len(os.Args) > 1 && os.Args[1] == "wrong" {
		prefix = "wrong: "
	}
	for {
		conn, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		answer(conn, prefix)
	}
}

func answer(conn net.Conn, prefix string) {
	defer conn.Close()
	buffer := make([]byte, 1024)
	for {
		n, err := conn.Read(buffer)
		if err != nil {
			return
		}
		if _, err := conn.Write(append([]byte(prefix), buffer[:n]...)); err != nil {
			return
		}
	}
}
