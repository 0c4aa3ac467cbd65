package dataset

// The lists from which the synthetic players get their names: first names and
// surnames that are common in Argentina, accents included.

var women = []string{
	"Abril", "Agustina", "Ailén", "Alejandra", "Alma", "Ana", "Antonella", "Azul", "Belén",
	"Bianca", "Brenda", "Camila", "Candela", "Carla", "Carolina", "Catalina", "Celeste",
	"Clara", "Daniela", "Delfina", "Elena", "Emilia", "Estefanía", "Eugenia", "Florencia",
	"Gabriela", "Giuliana", "Guadalupe", "Inés", "Irupé", "Isabella", "Jazmín", "Josefina",
	"Juana", "Julieta", "Laura", "Lola", "Lourdes", "Lucía", "Luz", "Magalí", "Malena",
	"María", "Martina", "Micaela", "Milagros", "Nahiara", "Nerea", "Noelia", "Olivia",
	"Paula", "Pilar", "Renata", "Rocío", "Rosario", "Sabrina", "Sofía", "Sol", "Tatiana",
	"Valentina", "Verónica", "Victoria", "Ximena", "Yamila", "Zoe",
}

var men = []string{
	"Agustín", "Alejo", "Alexis", "Andrés", "Axel", "Bautista", "Benicio", "Benjamín",
	"Bruno", "Ciro", "Cristian", "Damián", "Darío", "Diego", "Emanuel", "Emiliano", "Enzo",
	"Ezequiel", "Facundo", "Federico", "Felipe", "Fermín", "Francisco", "Franco", "Gael",
	"Gastón", "Germán", "Gonzalo", "Guido", "Hernán", "Ignacio", "Iván", "Joaquín", "Jorge",
	"José", "Juan", "Julián", "Lautaro", "León", "Leonel", "Lisandro", "Luca", "Luciano",
	"Manuel", "Marcos", "Martín", "Mateo", "Matías", "Maximiliano", "Nahuel", "Nicolás",
	"Pablo", "Pedro", "Ramiro", "Ramón", "Román", "Santiago", "Santino", "Sebastián",
	"Simón", "Thiago", "Tobías", "Tomás", "Valentín", "Vicente",
}

var surnames = []string{
	"Acosta", "Agüero", "Aguirre", "Álvarez", "Arias", "Avellaneda", "Ávila", "Báez",
	"Barrios", "Benítez", "Bianchi", "Blanco", "Bravo", "Bustos", "Cabrera", "Cáceres",
	"Cardozo", "Castillo", "Chávez", "Coria", "Correa", "De Luca", "Di Pietro", "Díaz",
	"Domínguez", "Duarte", "Echeverría", "Escobar", "Esquivel", "Farías", "Fernández",
	"Ferreyra", "Figueroa", "Flores", "Gallo", "García", "Giménez", "Godoy", "Gómez",
	"González", "Guzmán", "Herrera", "Ibáñez", "Iglesias", "Juárez", "Ledesma", "Leiva",
	"López", "Lucero", "Luna", "Maldonado", "Mamani", "Mansilla", "Martínez", "Medina",
	"Méndez", "Miranda", "Molina", "Morales", "Moreno", "Moyano", "Muñoz", "Navarro", "Núñez",
	"Ojeda", "Ortiz", "Páez", "Paredes", "Peralta", "Pereyra", "Pérez", "Ponce", "Quiroga",
	"Quispe", "Ramírez", "Ramos", "Ríos", "Rivero", "Rodríguez", "Rojas", "Roldán", "Romano",
	"Romero", "Rossi", "Ruiz", "Saavedra", "Salazar", "Sánchez", "Sosa", "Soto", "Suárez",
	"Tévez", "Toledo", "Torres", "Valdez", "Vallejos", "Vargas", "Vázquez", "Vega", "Velázquez",
	"Vera", "Villalba", "Yáñez", "Zalazar", "Zárate", "Zubeldía",
}
