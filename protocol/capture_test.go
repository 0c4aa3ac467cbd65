package protocol

import (
	"encoding/binary"
	"math"
)

// capture is a pcap file of TCP connections between agencies and the central, as
// tcpdump would have written it on an Ethernet.
type capture struct {
	file  []byte
	next  uint16 // the port of the agency that connects next
	clock uint32 // in microseconds; every packet is one later
}

const (
	centralPort     = 12345
	firstAgencyPort = 40000
)

func newCapture() *capture {
	le := binary.LittleEndian
	header := le.AppendUint32(nil, 0xa1b2c3d4)
	header = le.AppendUint16(le.AppendUint16(header, 2), 4) // version
	header = le.AppendUint64(header, 0)                     // time zone, accuracy
	header = le.AppendUint32(header, math.MaxUint16)        // longest packet
	return &capture{file: le.AppendUint32(header, 1 /* Ethernet */), next: firstAgencyPort}
}

// packet appends an Ethernet packet of an IP packet.
func (c *capture) packet(ip []byte) {
	frame := append(make([]byte, 12), 0x08, 0x00) // addresses of zeros; IPv4
	frame = append(frame, ip...)
	le := binary.LittleEndian
	c.file = le.AppendUint32(c.file, 0) // seconds
	c.file = le.AppendUint32(c.file, c.clock)
	c.file = le.AppendUint32(c.file, uint32(len(frame)))
	c.file = le.AppendUint32(c.file, uint32(len(frame)))
	c.file = append(c.file, frame...)
	c.clock++
}

// connection is one TCP connection of a capture.
type connection struct {
	capture *capture
	agency  uint16    // its port
	sent    [2]uint32 // bytes sent by agency and central, with SYN and FIN
}

// TCP flags.
const (
	fin = 0x01
	syn = 0x02
	ack = 0x10
)

// connect opens a connection of a further agency.
func (c *capture) connect() *connection {
	x := &connection{capture: c, agency: c.next}
	c.next++
	x.segment(false, syn, nil)
	x.segment(true, syn|ack, nil)
	x.segment(false, ack, nil)
	return x
}

// send appends segments of the bytes. Their sizes go round in a circle.
func (x *connection) send(central bool, bytes []byte, sizes []int) {
	for i := 0; len(bytes) > 0; i++ {
		n := min(sizes[i%len(sizes)], len(bytes))
		x.segment(central, ack, bytes[:n])
		bytes = bytes[n:]
	}
}

// close ends both directions.
func (x *connection) close() {
	x.segment(false, fin|ack, nil)
	x.segment(true, fin|ack, nil)
	x.segment(false, ack, nil)
}

// segment appends one segment. Checksums are 0: tshark does not look at them.
func (x *connection) segment(central bool, flags byte, data []byte) {
	from, to, self, peer := x.agency, uint16(centralPort), 0, 1
	if central {
		from, to, self, peer = to, from, peer, self
	}
	var acked uint32
	if flags&ack != 0 {
		acked = x.sent[peer]
	}
	tcp := be.AppendUint16(be.AppendUint16(nil, from), to)
	tcp = be.AppendUint32(be.AppendUint32(tcp, x.sent[self]), acked)
	tcp = append(tcp, 5<<4, flags, 0xff, 0xff, 0, 0, 0, 0) // header's size, flags, window, checksum, urgent
	x.sent[self] += uint32(len(data))
	if flags&(syn|fin) != 0 {
		x.sent[self]++
	}
	ip := be.AppendUint16([]byte{4<<4 | 5, 0}, uint16(20+len(tcp)+len(data)))
	ip = append(ip, 0, 0, 0, 0, 64, 6, 0, 0) // not a fragment, hops, TCP, checksum
	ip = append(ip, 10, 0, 0, byte(1+self), 10, 0, 0, byte(1+peer))
	x.capture.packet(append(append(ip, tcp...), data...))
}
