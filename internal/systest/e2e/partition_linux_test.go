package e2e

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/natsserver"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/process"
)

// network is a network with a router, which is the test process. Each place is a network
// namespace of the kernel that is connected with the router alone:
//
//	place ── router ── place
//	           │
//	         place
//
// All of it is gone when the test process ends.
type network struct {
	t      testing.TB
	places []process.Place
	cuts   []string // the router's rules
}

// isRouter is whether this process is a child that inOwnNetwork has started.
func isRouter() bool { return os.Getenv(programsVariable) != "" }

// inOwnNetwork runs a test again in a child process, which has a network namespace of its
// own, and reports how the child has ended. It returns true in the child, where the test
// goes on. It skips the test where there can be no such child, or no NATS server. Such a
// test mostly waits for time-outs, so it runs beside others.
func inOwnNetwork(t *testing.T) bool {
	t.Helper()
	if isRouter() {
		return true
	}
	if os.Getuid() != 0 {
		t.Skip("only root can make network namespaces")
	}
	for _, tool := range []string{"ip", "nsenter"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("network namespaces need iproute2 and util-linux: %v", err)
		}
	}
	if _, err := natsserver.Build(t.Context()); err != nil {
		t.Skipf("there is no nats-server: %v", err)
	}
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.v", "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), programsVariable+"="+filepath.Dir(serverBinary))
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	output, err := cmd.CombinedOutput()
	t.Logf("%s", output)
	switch {
	case cmd.Process == nil:
		t.Skipf("no network namespace can be made: %v", err)
	case err != nil:
		t.Error(err)
	case strings.Contains(string(output), "--- SKIP"):
		t.SkipNow()
	}
	return false
}

const router = "10.77.0.254"

// newNetwork returns a network without places. It skips the test where the kernel has not
// what a network needs.
func newNetwork(t testing.TB) *network {
	t.Helper()
	err := os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0)
	if err == nil {
		err = ip(process.Here, "link set lo up",
			"link add probe type veth peer name other", "link del probe",
			"rule add from 10.77.0.0/24 blackhole", "rule del from 10.77.0.0/24 blackhole")
	}
	if err != nil {
		t.Skipf("no network can be made of namespaces: %v", err)
	}
	return &network{t: t}
}

// add adds places.
func (n *network) add(places int) []process.Place {
	n.t.Helper()
	for range places {
		// The namespace lives as long as a process in it: cat, whose input ends with
		// this process.
		holder := exec.Command("cat")
		holder.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
		input, err := holder.StdinPipe()
		if err == nil {
			err = holder.Start()
		}
		if err != nil {
			n.t.Fatal(err)
		}
		n.t.Cleanup(func() {
			input.Close()
			_ = holder.Wait()
		})
		pid, number := holder.Process.Pid, len(n.places)+1
		p := process.Place{
			Address:   net.IPv4(10, 77, 0, byte(number)).String(),
			Namespace: fmt.Sprintf("/proc/%d/ns/net", pid),
		}
		n.ip(process.Here,
			fmt.Sprintf("link add place%d type veth peer name router netns %d", number, pid),
			fmt.Sprintf("addr add %s peer %s dev place%d", router, p.Address, number),
			fmt.Sprintf("link set place%d up", number))
		n.ip(p,
			"link set lo up",
			fmt.Sprintf("addr add %s peer %s dev router", p.Address, router),
			"link set router up",
			"route add default via "+router)
		n.places = append(n.places, p)
	}
	return n.places[len(n.places)-places:]
}

// cut makes the router drop all packets between some places and others. Nobody is told: a
// sender sees only that no answer comes.
func (n *network) cut(some, others []process.Place) {
	n.t.Helper()
	var rules []string
	for _, a := range some {
		for _, b := range others {
			rules = append(rules,
				fmt.Sprintf("from %s to %s blackhole", a.Address, b.Address),
				fmt.Sprintf("from %s to %s blackhole", b.Address, a.Address))
		}
	}
	n.rules("add", rules)
	n.cuts = append(n.cuts, rules...)
}

// heal undoes all cuts.
func (n *network) heal() {
	n.t.Helper()
	n.rules("del", n.cuts)
	n.cuts = nil
}

func (n *network) rules(verb string, rules []string) {
	n.t.Helper()
	var commands []string
	for _, rule := range rules {
		commands = append(commands, "rule "+verb+" "+rule)
	}
	n.ip(process.Here, commands...)
}

// ip runs commands of the program "ip" at a place.
func (n *network) ip(at process.Place, commands ...string) {
	n.t.Helper()
	if err := ip(at, commands...); err != nil {
		n.t.Fatal(err)
	}
}

func ip(at process.Place, commands ...string) error {
	cmd := at.Enter(exec.Command("ip", "-batch", "-"))
	cmd.Stdin = strings.NewReader(strings.Join(commands, "\n"))
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("ip: %w: %s", err, output)
	}
	return nil
}
