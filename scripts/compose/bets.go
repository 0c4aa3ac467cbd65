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

// sampleBet returns the bet of a client as environment variables, each NAME=value. Every
// client has a different bet. Client 1 has the bet of the assignment's example.
func sampleBet(id int) []string {
	i := id - 1
	birthdate := time.Date(1999, time.March, 17, 0, 0, 0, 0, time.UTC).AddDate(0, 0, -37*i%15000)
	return []string{
		"NOMBRE=" + firstNames[i%len(firstNames)],
		"APELLIDO=" + lastNames[i%len(lastNames)],
		fmt.Sprintf("DOCUMENTO=%d", 30904465+1013*i),
		"NACIMIENTO=" + birthdate.Format(time.DateOnly),
		fmt.Sprintf("NUMERO=%d", (7574+1009*i)%10000),
	}
}
