package main

// defaultScenario is the scenario if the arguments name none. On the branches ej1 … ej8
// scripts/ramas.sh changes this line: there it names the exercise.
const defaultScenario = "agencias"
