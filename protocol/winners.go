package protocol

// Winners carries documents of the agency's winners, in the order in which
// their bets are stored. A long list is split over several frames.
type Winners struct {
	More      bool // another Winners follows
	Documents []string
}

// Type implements Message.
func (*Winners) Type() Type { return TypeWinners }

// Append implements Message.
//
//	more      uint8   1 if another WINNERS follows, else 0
//	count     uint16
//	documents count strings
func (m *Winners) Append(dst []byte) ([]byte, error) {
	var more uint8
	if m.More {
		more = 1
	}
	dst = be.AppendUint16(append(dst, more), uint16(len(m.Documents)))
	for _, document := range m.Documents {
		var err error
		if dst, err = appendString(dst, "document", document); err != nil {
			return dst, err
		}
	}
	return dst, nil
}

// Decode implements Message.
func (m *Winners) Decode(payload []byte) error {
	d := newDecoder(payload)
	more, count := d.uint8(), int(d.uint16())
	*m = Winners{More: more == 1}
	switch {
	case more > 1:
		d.fail("more is %d, neither 0 nor 1", more)
	case count > len(d.rest):
		d.fail("%d documents in %d bytes", count, len(d.rest))
	}
	for i := 0; i < count && d.err == nil; i++ {
		m.Documents = append(m.Documents, d.string())
	}
	return d.end(TypeWinners)
}

// AppendWinners appends the frames of all the documents to dst: at least one
// frame, also without documents. It fails with ErrTooLong if a document
// does not fit its string.
func AppendWinners(dst []byte, documents []string) ([]byte, error) {
	for {
		n := winnersThatFit(documents)
		message := Winners{More: n < len(documents), Documents: documents[:n]}
		var err error
		if dst, err = AppendFrame(dst, &message); err != nil {
			return dst, err
		}
		if documents = documents[n:]; len(documents) == 0 {
			return dst, nil
		}
	}
}

// winnersThatFit returns how many of the first documents one frame can hold.
func winnersThatFit(documents []string) int {
	room := maxPayload - 1 - 2
	for i, document := range documents {
		if room -= 1 + len(document); room < 0 {
			return max(i, 1) // a document that is too long fails when it is encoded
		}
	}
	return len(documents)
}
