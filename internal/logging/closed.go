package logging

import oplogging "github.com/op/go-logging"

// Closed writes to log that something is closed now, or that closing it has failed. key
// and value say which one it is.
func Closed(log *oplogging.Logger, what, key, value string, err error) {
	if err != nil {
		log.Errorf("action: close_%s | result: fail | %s: %s | error: %s", what, key, Value(value), Value(err.Error()))
		return
	}
	log.Infof("action: close_%s | result: success | %s: %s", what, key, Value(value))
}
