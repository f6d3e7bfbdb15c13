"""How English writes a day where it is not America's: Django's own words would be "Nov. 22, 2026"."""

DATE_FORMAT = "j M Y"
SHORT_DATE_FORMAT = "d/m/Y"
FIRST_DAY_OF_WEEK = 1
