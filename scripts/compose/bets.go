package main

import (
	"fmt"
	"time"
)

var (
	firstNames = []string{
		"Santiago Lionel", "María José", "Juan Ignacio", "Lucía", "Martín", "Sofía Belén", "Diego",
		"Valentina", "Nicolás", "Camila", "Facundo", "Julieta", "Tomás", "Agustina", "Begoña", "Ramón",
	}
	lastNames = []string{
		"Lorca", "González", "Muñoz", "Fernández", "Agüero", "Peralta", "Ibáñez", "Sosa", "Domínguez",
		"Quiroga", "Acuña", "Benítez", "Villalba",
	}
)

// sampleBet gives each client a bet of its own, always the same one. The first
// is the assignment's example.
func sampleBet(id int) environment {
	i := id - 1
	birthdate := time.Date(1999, time.March, 17, 0, 0, 0, 0, time.UTC).AddDate(0, 0, -37*i%15000)
	return environment{
		{name: "NOMBRE", value: firstNames[i%len(firstNames)]},
		{name: "APELLIDO", value: lastNames[i%len(lastNames)]},
		{name: "DOCUMENTO", value: fmt.Sprint(30904465 + 1013*i)},
		{name: "NACIMIENTO", value: birthdate.Format(time.DateOnly)},
		{name: "NUMERO", value: fmt.Sprint((7574 + 1009*i) % 10000)},
	}
}
