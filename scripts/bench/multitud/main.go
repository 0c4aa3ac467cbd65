// Command multitud is many agencies in one process, connected at once: a
// thousand processes would measure the scheduler of a small machine and not the
// lottery.
//
//	multitud -direccion ADDRESS -datos DIR -agencias N [-lote B]
//
// Agency i uploads DIR/agency-i.csv. It ends with the line that a client would
// log, with the number of winners of all agencies.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/client/agency"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/logging"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/scripts/datos/dataset"
)

func main() {
	address := flag.String("direccion", "", "del servidor")
	dir := flag.String("datos", "", "carpeta con los archivos agency-N.csv")
	agencies := flag.Int("agencias", 1000, "cantidad de agencias")
	batch := flag.Int("lote", 0, "apuestas por lote; 0 = las de la configuración por omisión")
	flag.Parse()
	debug.SetGCPercent(400) // as the client does
	if err := logging.Setup(os.Stdout, "INFO"); err != nil {
		fail(err)
	}
	server, err := net.ResolveTCPAddr("tcp", *address) // once, and not for each agency
	if err != nil {
		fail(err)
	}
	winners, err := crowd(context.Background(), server, *dir, *agencies, agency.Options{BatchMaxAmount: *batch})
	if err != nil {
		fail(err)
	}
	fmt.Printf("action: consulta_ganadores | result: success | cant_ganadores: %d\n", winners)
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "multitud:", err)
	os.Exit(1)
}

// crowd runs all agencies and returns how many winners they have together.
func crowd(ctx context.Context, server *net.TCPAddr, dir string, agencies int, options agency.Options) (int, error) {
	connect := func(context.Context) (net.Conn, error) { return net.DialTCP("tcp", nil, server) }
	var group sync.WaitGroup
	var winners atomic.Int64
	errs := make([]error, agencies)
	for i := range agencies {
		group.Go(func() {
			id := i + 1
			documents, err := agency.Run(ctx, uint32(id), dataset.Path(dir, id), connect, options)
			if err != nil {
				errs[i] = fmt.Errorf("agency %d: %w", id, err)
			}
			winners.Add(int64(len(documents)))
		})
	}
	group.Wait()
	return int(winners.Load()), errors.Join(errs...)
}
