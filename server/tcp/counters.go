package tcp

import "sync/atomic"

// Counters count what happens to connections, from the server's start. They may be
// read at any time.
type Counters struct {
	HandshakesSucceeded atomic.Uint64 // of TLS
	HandshakesRefused   atomic.Uint64 // a certificate was refused, or what the peer said is not TLS 1.3
	HandshakesLost      atomic.Uint64 // the peer has gone, or was silent for too long
	HellosLimited       atomic.Uint64 // refused because of Options.MaxHellos
	BetsLimited         atomic.Uint64 // refused because of Options.MaxBets
}
