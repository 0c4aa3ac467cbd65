package tcp_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/client/agency"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/logging"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/draw"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/embedded"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/store"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/tcp"
)

// BenchmarkUpload measures the whole way of five agencies' bets, from data
// file to bets.csv, both ends in this process: ns, bytes and allocations are of
// both.
func BenchmarkUpload(b *testing.B) {
	for _, sync := range []bool{false, true} {
		b.Run(fmt.Sprintf("sync=%t", sync), func(b *testing.B) { benchmarkUpload(b, sync) })
	}
}

func benchmarkUpload(b *testing.B, sync bool) {
	const agencies, bets = 5, 20_000
	if err := logging.Setup(io.Discard, "INFO"); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = logging.Setup(os.Stdout, "INFO") })
	files := make([]string, agencies)
	var size int64
	for i := range files {
		files[i] = filepath.Join(b.TempDir(), "agency.csv")
		var rows []byte
		for n := range bets {
			rows = fmt.Appendf(rows, "María Belén,Rodríguez,%08d,1999-03-17,%d\r\n", n, n%10_000)
		}
		size += int64(len(rows))
		if err := os.WriteFile(files[i], rows, 0o644); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(size)
	b.ReportAllocs()
	for b.Loop() {
		uploadAll(b, files, sync)
	}
	b.ReportMetric(float64(agencies*bets*b.N)/b.Elapsed().Seconds(), "bets/s")
}

// uploadAll runs a lottery in which agency i+1 uploads files[i].
func uploadAll(b *testing.B, files []string, sync bool) {
	path := filepath.Join(b.TempDir(), "bets.csv")
	bets, err := store.Open(b.Context(), path, store.Options{Sync: sync, Agencies: len(files)})
	if err != nil {
		b.Fatal(err)
	}
	listener, err := tcp.Listen(b.Context(), 0, len(files))
	if err != nil {
		b.Fatal(err)
	}
	d := draw.New(bets, draw.Options{Agencies: len(files)})
	ctx, stop := context.WithCancel(b.Context())
	go d.Run(ctx)
	served := make(chan struct{})
	go func() {
		defer close(served)
		tcp.NewServer(embedded.New(bets, d), tcp.Options{}).Serve(ctx, listener)
	}()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	connect := func(ctx context.Context) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", "127.0.0.1:"+port)
	}
	results := make(chan error)
	for i, file := range files {
		go func() {
			_, err := agency.Run(ctx, lottery.AgencyID(i+1), file, connect, agency.Options{BatchMaxAmount: 100})
			results <- err
		}()
	}
	for range files {
		if err := <-results; err != nil {
			b.Error(err)
		}
	}
	stop()
	<-served
	if err := bets.Close(); err != nil {
		b.Error(err)
	}
}
