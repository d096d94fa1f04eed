"""Literature of the blocks, as it is printed and cited."""

ANDERSON_2000 = "Anderson, Chaplain, Newman, Steele, Thompson 2000, J. Theor. Med. 2:129-154, doi:10.1080/10273660008833042"
CHAPLAIN_2019 = "Chaplain, Giverso, Lorenzi, Preziosi 2019, SIAM J. Appl. Math. 79:2011-2031, arXiv:1901.10803"
CHAPLAIN_LOLAS_2006 = "Chaplain, Lolas 2006, Netw. Heterog. Media 1:399-439, doi:10.3934/nhm.2006.1.399"
DEAKIN_CHAPLAIN_2013 = "Deakin, Chaplain 2013, Front. Oncol. 3:70, doi:10.3389/fonc.2013.00070"
FRANSSEN_2019 = "Franssen, Lorenzi, Burgess, Chaplain 2019, Bull. Math. Biol. 81:1965-2010, doi:10.1007/s11538-019-00597-x"
GALLINATO_2017 = "Gallinato, Colin, Saut, Poignard 2017, J. Theor. Biol. 429:253-266"
KEDEM_KATCHALSKY_1958 = "Kedem, Katchalsky 1958, Biochim. Biophys. Acta 27:229-246, doi:10.1016/0006-3002(58)90330-5"
CHEMOTAXIS_1971 = "Keller, Segel 1971, J. Theor. Biol. 30:225-234, doi:10.1016/0022-5193(71)90050-6"  # any sensitivity
KELLER_SEGEL_1971 = "Keller, Segel 1971, J. Theor. Biol. 30:235-248, doi:10.1016/0022-5193(71)90051-8"  # up ln f
LAPIDUS_SCHILLER_1976 = "Lapidus, Schiller 1976, Biophys. J. 16:779-789"
