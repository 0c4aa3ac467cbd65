package tcp

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"maps"
	"net"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/identity"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/identity/authority"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/logging"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
)

// counted checks how many handshakes there were by their results.
func (c *testServer) counted(succeeded, refused, lost uint64) {
	c.t.Helper()
	want := map[string]uint64{"success": succeeded, "refused": refused, "lost": lost}
	if got := c.server.Stats().Handshakes; !maps.Equal(got, want) {
		c.t.Errorf("handshakes: %v, want %v", got, want)
	}
}

// Whoever does not prove to be an agency learns why and stores nothing.
func TestHandshakeRefused(t *testing.T) {
	with := newIdentities(t)
	foreign := newIdentities(t)
	issue := func(r authority.Request) authority.Pair {
		if r.From.IsZero() {
			r.From = time.Now()
		}
		pair, err := with.authority.Issue(r)
		if err != nil {
			t.Fatal(err)
		}
		return pair
	}
	one := []*url.URL{identity.AgencyURI(1)}
	old := with.client(t, issue(authority.Request{URIs: one, Usage: x509.ExtKeyUsageClientAuth}))
	old.MaxVersion = tls.VersionTLS12
	stranger := with.client(t)
	stranger.Certificates = foreign.agency(t, 1).Certificates
	for _, tt := range []struct {
		name   string
		client *tls.Config
		alert  string
	}{
		{"no certificate", with.client(t), "certificate required"},
		{"expired", with.client(t, issue(authority.Request{URIs: one, Usage: x509.ExtKeyUsageClientAuth, From: time.Now().AddDate(-2, 0, 0)})), "expired certificate"},
		{"of later", with.client(t, issue(authority.Request{URIs: one, Usage: x509.ExtKeyUsageClientAuth, From: time.Now().AddDate(0, 0, 2)})), "expired certificate"},
		{"of another authority", stranger, "certificate"},
		{"the central's own", with.client(t, issue(authority.Request{Names: authority.CentralNames, Usage: x509.ExtKeyUsageServerAuth})), "bad certificate"},
		{"an agency's for servers", with.client(t, issue(authority.Request{URIs: one, Usage: x509.ExtKeyUsageServerAuth})), "bad certificate"},
		{"two URIs", with.client(t, issue(authority.Request{URIs: []*url.URL{identity.AgencyURI(1), identity.AgencyURI(2)}, Usage: x509.ExtKeyUsageClientAuth})), "bad certificate"},
		{"no URI", with.client(t, issue(authority.Request{CommonName: "agencia 1", Usage: x509.ExtKeyUsageClientAuth})), "bad certificate"},
		{"TLS 1.2", old, "protocol version"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := start(t, setup{tls: with})
			p := c.dialWith(tt.client)
			_, _ = p.Write(frames(t, hello(1), batch(0, 10))) // the handshake may be over for the peer
			_, err := p.Read(make([]byte, 1))
			if err == nil || !strings.Contains(err.Error(), "remote error: tls: ") || !strings.Contains(err.Error(), tt.alert) {
				t.Errorf("the peer reads %v, want %q", err, tt.alert)
			}
			p.Close()
			c.logs.wait(1, "action: tls | result: fail | ip: 127.0.0.1 | error: ")
			c.logs.wait(1, "action: close_connection")
			c.counted(0, 1, 0)
			c.wantStored(1, 0)
		})
	}
}

// After a refused handshake the server listens on for a moment: to close at once would
// reset the connection, and the peer could lose the alert.
func TestRefusedHandshakeIsDrained(t *testing.T) {
	with := newIdentities(t)
	client, now := with.client(t), time.Now() // the bubble's clock shows another year
	client.Time = func() time.Time { return now }
	if err := logging.Setup(io.Discard, "DEBUG"); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		server := NewServer(nil, Options{HelloTimeout: time.Second, Identity: with.central})
		server.admit(t.Context(), ours, 1)
		if _, err := tls.Client(theirs, client).Read(make([]byte, 1)); err == nil || !strings.Contains(err.Error(), "certificate required") {
			t.Errorf("the peer reads %v", err)
		}
		if _, err := theirs.Write(make([]byte, 100)); err != nil {
			t.Errorf("the peer cannot go on: %v", err)
		}
		begin := time.Now()
		server.sessions.Wait()
		if took := time.Since(begin); took != drainTimeout {
			t.Errorf("the server listened on for %v, want %v", took, drainTimeout)
		}
	})
}

// An agency's certificate is for that agency only.
func TestCertificateOfAnotherAgency(t *testing.T) {
	c := start(t, setup{agencies: 2, tls: newIdentities(t)})
	p := c.dialAs(2)
	p.send(hello(1), batch(0, 10))
	if got := p.expectError(protocol.StatusUnauthorized); !strings.Contains(got.Text, "agency 2") || !got.Status.Final() {
		t.Errorf("refused with %q", got.Text)
	}
	c.wantStored(1, 0)
	c.agency(2, 0)
	c.agency(1, 0)
	c.counted(3, 0, 0)
}

// A frame in clear is refused in clear, whatever it is.
func TestFrameInClear(t *testing.T) {
	c := start(t, setup{tls: newIdentities(t)})
	for _, raw := range [][]byte{frames(t, hello(1), batch(0, 10)), frames(t, batch(0, 10)), {0}, make([]byte, 5000)} {
		p := c.dialWith(nil)
		p.write(raw)
		p.expectError(protocol.StatusUnauthorized)
	}
	c.wantStored(1, 0)
	c.counted(0, 0, 0)
}

// The echo needs no certificate, and works inside TLS too.
func TestEchoWithTLS(t *testing.T) {
	c := start(t, setup{tls: newIdentities(t)})
	for _, p := range []*peer{c.dial(), c.dialWith(nil)} {
		p.write([]byte("hola\n"))
		if answer, err := io.ReadAll(p); err != nil || string(answer) != "hola\n" {
			t.Errorf("answer %q, %v", answer, err)
		}
	}
}

// Without TLS its first byte is no line of text.
func TestTLSWhereThereIsNone(t *testing.T) {
	c := start(t, setup{})
	p := c.dialWith(newIdentities(t).agency(t, 1))
	if err := p.Conn.(*tls.Conn).Handshake(); err == nil {
		t.Error("shook hands")
	}
	p.Close()
	c.logs.wait(1, "action: tls | result: fail | ip: 127.0.0.1 | error: the peer speaks TLS, and SERVER_TLS is off")
	c.logs.want(0, "action: receive_message")
	c.agency(1, 0)
}

// Certificates that are replaced serve the next handshake, and no upload ends.
func TestCertificatesReplacedInAnUpload(t *testing.T) {
	with := newIdentities(t)
	c := start(t, setup{tls: with})
	serial := func(p *peer) string {
		return p.Conn.(*tls.Conn).ConnectionState().PeerCertificates[0].SerialNumber.String()
	}
	p := c.agency(1, 0)
	p.send(batch(0, 10))
	p.acked(10)
	with.renew(t)
	q := c.dial()
	q.write([]byte("hola\n"))
	if serial(q) == serial(p) {
		t.Error("the old certificate serves the next handshake")
	}
	p.send(batch(10, 10))
	p.acked(20)
	p.finish(20)
	p.winners()
}

// clientHello returns the first flight of a client.
func clientHello(t testing.TB, with *identities) []byte {
	t.Helper()
	ours, theirs := net.Pipe()
	defer theirs.Close()
	go func() {
		_ = tls.Client(ours, with.agency(t, 1)).Handshake() // ends when theirs is closed
	}()
	first := make([]byte, 16<<10)
	n, err := theirs.Read(first)
	if err != nil {
		t.Fatal(err)
	}
	return first[:n]
}

// A thousand strangers who are silent, or stop in the middle of a handshake, keep no
// agency from its lottery.
func TestHonestAgencyAmongHandshakes(t *testing.T) {
	with := newIdentities(t)
	c := start(t, setup{tls: with, options: Options{HelloTimeout: time.Hour, MaxConnections: 2000}})
	whole := clientHello(t, with)
	for i := range 1000 {
		socket, err := net.Dial("tcp", c.address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { socket.Close() })
		if _, err := socket.Write(whole[:[]int{0, 1, len(whole) / 2, len(whole)}[i%4]]); err != nil {
			t.Fatal(err)
		}
	}
	c.logs.wait(1000, "accept_connections | result: success")
	p := c.agency(1, 0)
	p.send(batch(0, 100))
	p.acked(100)
	p.finish(100)
	p.winners()
	stopInTime(c)
}

// A handshake ends with the time of the HELLO, and its slot goes to others before.
func TestStrangerInAHandshakeIsBounded(t *testing.T) {
	with := newIdentities(t)
	for name, options := range map[string]Options{
		"silent":    {HelloTimeout: 50 * time.Millisecond},
		"in excess": {HelloTimeout: time.Hour, MaxConnections: 1},
	} {
		t.Run(name, func(t *testing.T) {
			c := start(t, setup{tls: with, options: options})
			p := c.dial()
			if _, err := p.socket().Write(clientHello(t, with)); err != nil {
				t.Fatal(err)
			}
			c.logs.wait(1, "accept_connections | result: success")
			if options.MaxConnections > 0 {
				c.agency(1, 0)
			}
			c.logs.wait(1, "action: tls | result: fail")
			c.logs.wait(1, "action: close_connection")
			if n := c.server.Stats().Handshakes["lost"]; n != 1 {
				t.Errorf("%d handshakes were lost, want 1", n)
			}
		})
	}
}

// cutter passes so many bytes on, and cuts the connection then.
type cutter struct {
	*net.TCPConn
	left  int
	abort bool
}

func (c *cutter) Write(p []byte) (int, error) {
	if c.left >= len(p) {
		c.left -= len(p)
		return c.TCPConn.Write(p)
	}
	n, _ := c.TCPConn.Write(p[:c.left])
	c.left = 0
	if c.abort {
		_ = c.SetLinger(0)
		c.Close()
	} else {
		_ = c.CloseWrite()
	}
	return n, io.ErrClosedPipe
}

// What an agency sends over TLS is cut: in the records of its frames at every byte,
// and in its handshake at some. It comes again and finds each bet stored once.
func TestCutAtEveryByteOfTLS(t *testing.T) {
	with := newIdentities(t)
	c := start(t, setup{agencies: 5000, fs: newDisk(), tls: with})
	whole := &cutter{left: 1 << 20}
	speak := func(id lottery.AgencyID) {
		p := c.dialAs(id)
		whole.TCPConn = p.socket()
		secured := tls.Client(whole, with.agency(t, id))
		for _, frame := range conversation(t, id) {
			if _, err := secured.Write(frame); err != nil {
				break
			}
		}
		if !whole.abort {
			_, _ = io.Copy(io.Discard, secured)
			_, _ = io.Copy(io.Discard, whole.TCPConn)
		}
		p.Close()
	}
	whole.abort = true // nothing waits for a draw
	speak(1)
	size := 1<<20 - whole.left
	inFrames := size - len(join(conversation(t, 1))) - 6*22 // a record adds 22 bytes
	c.resume(1)
	id := lottery.AgencyID(1)
	for at := 0; at < size; at++ {
		if at < inFrames && at%16 != 0 {
			continue
		}
		id++
		whole = &cutter{left: at, abort: at%3 == 0}
		speak(id)
		if got := c.resume(id).Stored; !slices.Contains(storedBy, got) || at < inFrames && got != 0 {
			t.Errorf("cut at byte %d of %d: %d bets", at, size, got)
		}
	}
	if c.store.Bets() != uint64(id)*7 {
		t.Errorf("%d bets of %d agencies, want 7 each", c.store.Bets(), id)
	}
}

// FuzzTLS gives a server that demands TLS any bytes, in clear or inside TLS as agency
// 1. It must not panic, must end, and must have stored what the model finds in the
// bytes inside TLS.
func FuzzTLS(f *testing.F) {
	with := newIdentities(f)
	for _, seed := range fuzzSeeds(f) {
		f.Add(true, seed)
		f.Add(false, seed)
	}
	f.Add(false, clientHello(f, with))
	client := with.agency(f, 1)
	f.Fuzz(func(t *testing.T, inside bool, stream []byte) {
		options := Options{Identity: with.central}
		if inside {
			over := func(socket net.Conn) net.Conn { return tls.Client(socket, client) }
			wantBets(t, runSession(t, options, over, stream), model(stream, 1))
		} else {
			wantBets(t, runSession(t, options, nil, stream), nil)
		}
	})
}
