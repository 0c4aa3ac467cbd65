package main

// defaultScenario is what the generator writes when it is not told a scenario.
// On the branches ej1 … ej8 this line names the exercise (see scripts/ramas.sh).
const defaultScenario = "agencias"
