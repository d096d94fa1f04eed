"""Literature of the blocks, as it is printed and cited."""

ANDERSON_2000 = "Anderson, Chaplain, Newman, Steele, Thompson 2000, J. Theor. Med. 2:129-154, doi:10.1080/10273660008833042"
CHAPLAIN_LOLAS_2006 = "Chaplain, Lolas 2006, Netw. Heterog. Media 1:399-439, doi:10.3934/nhm.2006.1.399"
DEAKIN_CHAPLAIN_2013 = "Deakin, Chaplain 2013, Front. Oncol. 3:70, doi:10.3389/fonc.2013.00070"
FRANSSEN_2019 = "Franssen, Lorenzi, Burgess, Chaplain 2019, Bull. Math. Biol. 81:1965-2010, doi:10.1007/s11538-019-00597-x"
KELLER_SEGEL_1971 = "Keller, Segel 1971, J. Theor. Biol. 30:235-248, doi:10.1016/0022-5193(71)90051-8"
LAPIDUS_SCHILLER_1976 = "Lapidus, Schiller 1976, Biophys. J. 16:779-789"
