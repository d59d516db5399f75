package sepa

// table is the conversion of EPC217-08 for all characters except basic Latin and accented basic Latin letters, which lose the
// accent. Two departures preserve names: a letter that represents two is written as two, where the EPC's table has only the first
// (ß, Æ, Œ, Ĳ, Þ), and Cyrillic letters of languages other than Bulgarian, for which the table has a full stop, are romanised as
// in the passports of their countries.
var table = merge(
	pairs(`!.#.$.%.*.<.=.>.@.^.{(})[(]);,\/|/_-~-&+¡.¢.£.¤.¥.¦.§.¨.©.ª.«.¬.®.¯.°.±.´.µ.¶.·.¸.».¿?×.÷.€E`),
	pairs("\"'`'‘'’'‚'‛'“'”'„'‹'›'‐-‑-‒-–-—-―-−-⁄/"),
	pairs(`ØOøoĐDđdÐDðdĦHħhıiĸkĿLŀlŁLłlŦTŧtŊNŋnſs`),
	pairs(`ΑAΒVΓGΔDΕEΖZΗIΙIΚKΛLΜMΝNΞXΟOΠPΡRΣSΤTΥYΦFΩOαaβvγgδdεeζzηiιiκkλlμmνnξxοoπpρrςsσsτtυyφfωo`),
	pairs(`АAБBВVГGДDЕEЗZИIЙYКKЛLМMНNОOПPРRСSТTУUФFХHЪAЬYаaбbвvгgдdеeзzиiйyкkлlмmнnоoпpрrсsтtуuфfхhъaьy`),
	pairs(`ЫYЭEІIЄEҐGЈJЋCыyэeіiєeґgјjћc`),
	map[rune]string{
		'ß': "ss", 'ẞ': "SS", 'Æ': "AE", 'æ': "ae", 'Œ': "OE", 'œ': "oe", 'Ĳ': "IJ", 'ĳ': "ij", 'Þ': "TH", 'þ': "th",
		'Θ': "TH", 'Χ': "CH", 'Ψ': "PS", 'θ': "th", 'χ': "ch", 'ψ': "ps",
		'Ж': "ZH", 'Ц': "TS", 'Ч': "CH", 'Ш': "SH", 'Щ': "SHT", 'Ю': "YU", 'Я': "YA",
		'ж': "zh", 'ц': "ts", 'ч': "ch", 'ш': "sh", 'щ': "sht", 'ю': "yu", 'я': "ya",
		'Љ': "LJ", 'Њ': "NJ", 'Ђ': "DJ", 'Џ': "DZ", 'Ѕ': "DZ", 'љ': "lj", 'њ': "nj", 'ђ': "dj", 'џ': "dz", 'ѕ': "dz",
		'…': "...",
	},
)

// pairs parses a text of alternating characters and counterparts.
func pairs(text string) map[rune]string {
	runes := []rune(text)
	m := make(map[rune]string, len(runes)/2)
	for i := 0; i+1 < len(runes); i += 2 {
		m[runes[i]] = string(runes[i+1])
	}
	return m
}

func merge(maps ...map[rune]string) map[rune]string {
	all := map[rune]string{}
	for _, m := range maps {
		for from, to := range m {
			all[from] = to
		}
	}
	return all
}
