package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/client/agency"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/logging"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
)

// runAgencies is the subcommand "agencies". It runs many agencies in one process, all
// connected at once. A thousand processes would measure the scheduler of a small
// machine. The arguments are the address of the central, or the addresses of several; the
// number of agencies; and the data file that each of them uploads. It logs the same lines as the clients.
func runAgencies(args []string) error {
	count, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	var centrals []*net.TCPAddr // resolved once for all agencies
	for address := range strings.SplitSeq(args[0], ",") {
		central, err := net.ResolveTCPAddr("tcp", address)
		if err != nil {
			return err
		}
		centrals = append(centrals, central)
	}
	if err := logging.Setup(os.Stdout, "INFO"); err != nil {
		return err
	}
	options := agency.Options{BatchMaxAmount: 100, RetryDeadline: time.Minute} // the client's defaults
	var group sync.WaitGroup
	errs := make([]error, count)
	for i := range count {
		central := centrals[i%len(centrals)]
		connect := func(context.Context) (net.Conn, error) { return net.DialTCP("tcp", nil, central) }
		group.Go(func() {
			if _, err := agency.Run(context.Background(), lottery.AgencyID(i+1), args[2], connect, options); err != nil {
				errs[i] = fmt.Errorf("agency %d: %w", i+1, err)
			}
		})
	}
	group.Wait()
	return errors.Join(errs...)
}
