package logtest

import "testing"

func TestParseLine(t *testing.T) {
	const start = "2024-08-21 22:11:15 INFO     "
	for _, text := range []string{
		start + "action: config | result: success | client_id: 1 | msg: [CLIENT 1] Message N°1",
		"2024-08-21 22:11:15 CRITICAL action: sorteo | result: fail | error: a: b",
		start + "action: receive_message | result: success | ip: 1.2.3.4 | msg: ",
	} {
		if line, err := ParseLine(text); err != nil || line.Action == "" || line.Keys["result"] != line.Result {
			t.Errorf("%q: %+v, %v", text, line, err)
		}
	}
	for name, text := range map[string]string{
		"no time":           "INFO     action: a | result: success",
		"no such time":      "2024-13-21 22:11:15 INFO     action: a | result: success",
		"level not padded":  "2024-08-21 22:11:15 INFO action: a | result: success",
		"level too wide":    "2024-08-21 22:11:15 INFO      action: a | result: success",
		"unknown level":     "2024-08-21 22:11:15 FATAL    action: a | result: success",
		"no action":         start + "result: success",
		"no result":         start + "action: a | ip: 1",
		"result is later":   start + "action: a | ip: 1 | result: success",
		"unknown result":    start + "action: a | result: ok",
		"pipe in a value":   start + "action: a | result: success | msg: x|y",
		"not a pair":        start + "action: a | result: success | x",
		"key twice":         start + "action: a | result: success | ip: 1 | ip: 2",
		"another action":    start + "action: a | result: success | msg: action: b",
		"control character": start + "action: a | result: success | msg: \x1b[31m",
		"carriage return":   start + "action: a | result: success\r",
		"C1 character":      start + "action: a | result: success | msg: \u0085",
		"invisible":         start + "action: a | result: success | msg: x\u200bx",
		"mark of direction": start + "action: a | result: success | msg: \u202ex",
		"not UTF-8":         start + "action: a | result: success | msg: \xff",
		"panic":             "panic: runtime error",
	} {
		if line, err := ParseLine(text); err == nil {
			t.Errorf("%s: accepted as %+v", name, line)
		}
	}
}
