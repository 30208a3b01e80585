package health

// Unit is well if units are; Target: a unit, or a pattern of names as in x-service. Rest is if no
// other unit has failed.
var (
	Unit = anywhere("unit", nil)
	Rest = anywhere("units", nil)
)
