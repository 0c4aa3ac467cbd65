package config

import (
	"fmt"
	"os"
	"strings"
)

// Bet holds the bet of the environment as it was written.
type Bet struct {
	FirstName string // NOMBRE
	LastName  string // APELLIDO
	Document  string // DOCUMENTO
	Birthdate string // NACIMIENTO
	Number    string // NUMERO
}

// betFromEnv reads the five variables of a bet and tells whether any is set.
// Unless all are, the error names those that are missing.
func betFromEnv() (bet Bet, set bool, err error) {
	var missing []string
	for _, v := range []struct {
		name  string
		field *string
	}{
		{"NOMBRE", &bet.FirstName},
		{"APELLIDO", &bet.LastName},
		{"DOCUMENTO", &bet.Document},
		{"NACIMIENTO", &bet.Birthdate},
		{"NUMERO", &bet.Number},
	} {
		if *v.field = os.Getenv(v.name); *v.field == "" {
			missing = append(missing, v.name)
		} else {
			set = true
		}
	}
	if missing != nil {
		err = fmt.Errorf("the bet in the environment lacks %s", strings.Join(missing, ", "))
	}
	return bet, set, err
}
