package protocol

import "fmt"

// Status says why an Error ends the connection. Those below 0x40 are temporary: the
// agency reconnects and resumes. The others are final.
type Status uint8

// The statuses.
const (
	StatusStorageFailed Status = 0x01 // bets, a notification or the draw could not be stored
	StatusStopping      Status = 0x02 // the central is being stopped
	StatusBusy          Status = 0x03 // no room for another connection, too many HELLOs, or no service now

	StatusInvalidBet Status = 0x40 // a bet of the batch can not be stored
	StatusMismatch   Status = 0x41 // what the agency sends does not fit what is stored
	StatusSuperseded Status = 0x42 // a newer connection speaks for the agency
	StatusUnexpected Status = 0x43 // the central expects no such agency
	StatusClosed     Status = 0x44 // the agency has finished; it can add no bets
	StatusViolation  Status = 0x45 // the peer broke the protocol
	StatusVersion    Status = 0x46 // the central does not speak the agency's version

	StatusUnauthorized Status = 0x47 // the peer has not proved to be the agency
	StatusLimit        Status = 0x48 // the agency has more than it may have

	firstFinal = StatusInvalidBet
)

// Final returns whether reconnecting is useless.
func (s Status) Final() bool { return s >= firstFinal }

var statusNames = map[Status]string{
	StatusStorageFailed: "storage failed",
	StatusStopping:      "server stopping",
	StatusBusy:          "server busy",
	StatusInvalidBet:    "invalid bet",
	StatusMismatch:      "data mismatch",
	StatusSuperseded:    "superseded",
	StatusUnexpected:    "agency not expected",
	StatusClosed:        "agency closed",
	StatusViolation:     "protocol violation",
	StatusVersion:       "unsupported version",
	StatusUnauthorized:  "unauthorized",
	StatusLimit:         "limit exceeded",
}

// String names the status in words.
func (s Status) String() string {
	if name, ok := statusNames[s]; ok {
		return name
	}
	return fmt.Sprintf("status %#02x", uint8(s))
}
