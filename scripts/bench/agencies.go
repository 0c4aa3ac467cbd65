package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/client/agency"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/logging"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
)

// runAgencies is the subcommand "agencies". It runs many agencies in one process, all
// connected at once. A thousand processes would measure the scheduler of a small
// machine. The arguments are the server's address, the number of agencies, and the data
// file that each of them uploads. It logs the same lines as the clients.
func runAgencies(args []string) error {
	count, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	server, err := net.ResolveTCPAddr("tcp", args[0]) // once for all agencies
	if err != nil {
		return err
	}
	if err := logging.Setup(os.Stdout, "INFO"); err != nil {
		return err
	}
	connect := func(context.Context) (net.Conn, error) { return net.DialTCP("tcp", nil, server) }
	options := agency.Options{BatchMaxAmount: 100, RetryDeadline: time.Minute} // the client's defaults
	var group sync.WaitGroup
	errs := make([]error, count)
	for i := range count {
		group.Go(func() {
			if _, err := agency.Run(context.Background(), lottery.AgencyID(i+1), args[2], connect, options); err != nil {
				errs[i] = fmt.Errorf("agency %d: %w", i+1, err)
			}
		})
	}
	group.Wait()
	return errors.Join(errs...)
}
