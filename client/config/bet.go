package config

import (
	"fmt"
	"os"
	"strings"
)

// Bet is the bet in the environment variables, as it is written there.
type Bet struct {
	FirstName string // NOMBRE
	LastName  string // APELLIDO
	Document  string // DOCUMENTO
	Birthdate string // NACIMIENTO
	Number    string // NUMERO
}

// betFromEnv reads the five variables of a bet. set is true if at least one of them is
// set. err names the missing ones, also if all are missing.
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
