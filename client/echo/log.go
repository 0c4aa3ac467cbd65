package echo

import (
	"errors"

	oplogging "github.com/op/go-logging"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/logging"
)

var log = oplogging.MustGetLogger("echo")

// The log lines that the assignment asks for.

func logReceived(id, message string) {
	log.Infof("action: receive_message | result: success | client_id: %s | msg: %s", logging.Value(id), logging.Value(message))
}

func logFinished(id string) {
	log.Infof("action: loop_finished | result: success | client_id: %s", logging.Value(id))
}

// Further lines of this project.

func logFailed(id string, err error) {
	log.Errorf("action: receive_message | result: fail | client_id: %s | error: %s", logging.Value(id), logging.Value(err.Error()))
}

// logTryingAgain logs why an attempt failed, before the next one.
func logTryingAgain(id string, err error) {
	if dialing, ok := errors.AsType[*dialError](err); ok {
		logConnecting(id, dialing.err)
		return
	}
	logLost(id, err)
}

// logLost logs that a message will be sent again.
func logLost(id string, err error) {
	log.Infof("action: receive_message | result: in_progress | client_id: %s | error: %s", logging.Value(id), logging.Value(err.Error()))
}

// logConnecting logs that the server does not answer yet.
func logConnecting(id string, err error) {
	log.Infof("action: connect | result: in_progress | client_id: %s | error: %s", logging.Value(id), logging.Value(err.Error()))
}

// logClosed logs at INFO while the client stops, and at DEBUG otherwise.
func logClosed(id string, stopping bool, err error) {
	switch {
	case err != nil:
		log.Warningf("action: close_connection | result: fail | client_id: %s | error: %s", logging.Value(id), logging.Value(err.Error()))
	case stopping:
		log.Infof("action: close_connection | result: success | client_id: %s", logging.Value(id))
	default:
		log.Debugf("action: close_connection | result: success | client_id: %s", logging.Value(id))
	}
}
