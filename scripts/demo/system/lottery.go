package system

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

const module = "github.com/7574-sistemas-distribuidos/docker-compose-init"

// Programs are the paths of the two binaries.
type Programs struct {
	Server string
	Client string
}

// Build compiles packages of this module, named by their folders, into dir, as
// the images do: static, which also starts faster.
func Build(ctx context.Context, dir string, folders ...string) error {
	args := []string{"build", "-o", dir + string(filepath.Separator)}
	for _, folder := range folders {
		args = append(args, module+"/"+folder)
	}
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOTMPDIR="+dir) // what an interrupted go leaves goes with dir
	cmd.SysProcAttr = childAttributes()
	cmd.Cancel = func() error { return interruptGroup(cmd.Process) }
	cmd.WaitDelay = 5 * time.Second
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("no se pudo compilar (go %s): %w\n%s", strings.Join(args, " "), err, output)
	}
	return nil
}

// ServerOptions says how to run the server.
type ServerOptions struct {
	Program  string
	Dir      string // its working directory, where bets.csv goes
	Agencies int    // how many the draw waits for
	Sync     bool   // whether an acknowledged bet is on disk
	OnLine   func(line []byte)
}

// Server is a running server.
type Server struct {
	*Process
	Address string // where it listens
	Storage string // its bets.csv
}

// listening is what the server says once agencies can connect.
var listening = []byte("action: accept_connections | result: in_progress")

// StartServer starts the server on a free port and returns once it listens.
func StartServer(ctx context.Context, opts ServerOptions) (*Server, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	s := &Server{
		Address: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)),
		Storage: filepath.Join(opts.Dir, "bets.csv"),
	}
	cmd := exec.Command(opts.Program)
	cmd.Dir = opts.Dir
	cmd.Env = environment(
		"SERVER_PORT="+strconv.Itoa(port),
		"SERVER_LISTEN_BACKLOG="+strconv.Itoa(max(128, opts.Agencies)), // all agencies may dial at once
		"SERVER_AGENCIES="+strconv.Itoa(opts.Agencies),
		"SERVER_STORAGE="+s.Storage,
		"SERVER_STORAGE_SYNC="+strconv.FormatBool(opts.Sync),
		"LOGGING_LEVEL=INFO",
	)
	ready, isReady := make(chan struct{}), false
	s.Process, err = start("el servidor", cmd, func(line []byte) {
		if !isReady && bytes.Contains(line, listening) {
			isReady = true
			close(ready)
		}
		if opts.OnLine != nil {
			opts.OnLine(line)
		}
	})
	if err != nil {
		return nil, err
	}
	return s, s.await(ctx, ready)
}

// startTime bounds how long a server may take to listen, on a loaded machine.
const startTime = 30 * time.Second

func (s *Server) await(ctx context.Context, ready <-chan struct{}) error {
	select {
	case <-ready:
		return nil
	case <-s.Done():
		if err := s.Err(); err != nil {
			return err
		}
		return s.Failure("terminó antes de escuchar")
	case <-ctx.Done():
		Stop(Grace, s.Process)
		return ctx.Err()
	case <-time.After(startTime):
		Stop(Grace, s.Process)
		return s.Failure("no empezó a escuchar")
	}
}

// Grace is how long a process gets to stop by itself.
const Grace = 3 * time.Second

func freePort() (int, error) {
	listener, err := net.Listen("tcp", ":0")
	if err != nil {
		return 0, fmt.Errorf("buscar un puerto libre: %w", err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

// AgencyOptions says how to run an agency.
type AgencyOptions struct {
	Program string
	Dir     string // its working directory
	ID      int
	Server  string // address
	Data    string // its data file
	Batch   int    // bets in a batch; 0 = the client's default
	OnLine  func(line []byte)
}

// StartAgency starts a client process that uploads a data file and asks for its
// winners.
func StartAgency(opts AgencyOptions) (*Process, error) {
	data, err := filepath.Abs(opts.Data)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(opts.Program)
	cmd.Dir = opts.Dir
	cmd.Env = environment(
		"CLI_MODE=agency",
		"CLI_ID="+strconv.Itoa(opts.ID),
		"CLI_SERVER_ADDRESS="+opts.Server,
		"CLI_DATA_FILE="+data,
		"CLI_LOG_LEVEL=INFO",
	)
	if opts.Batch > 0 {
		cmd.Env = append(cmd.Env, "CLI_BATCH_MAXAMOUNT="+strconv.Itoa(opts.Batch))
	}
	return start(fmt.Sprintf("la agencia %d", opts.ID), cmd, opts.OnLine)
}

// Start runs any other program, as the benchmark's floor is.
func Start(name, program string, args []string, onLine func([]byte)) (*Process, error) {
	return start(name, exec.Command(program, args...), onLine)
}

// Exists says in plain words that a program is not there.
func Exists(program string) error {
	if info, err := os.Stat(program); err != nil || info.IsDir() {
		return fmt.Errorf("no existe el programa %s", program)
	}
	return nil
}
