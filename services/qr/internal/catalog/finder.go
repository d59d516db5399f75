package catalog

import (
	"context"
	"slices"
	"strings"
	"unicode"

	"european-pay.eu/eupay/internal/plaintext"
)

// Finder finds an image for a merchant's product and returns its URL.
type Finder interface {
	Find(ctx context.Context, merchantID, name, category string) (string, error)
}

// illustration is a drawing that the gateway serves, with the words, as plaintext.Key writes them, for which it is chosen. Earlier
// ones take precedence, so the more specific ones come first.
type illustration struct {
	name  string
	words string
}

var illustrations = []illustration{
	{"coffee", "cafe coffee espresso expresso cappuccino latte noisette macchiato americano ristretto moka mocha"},
	{"tea", "the tea infusion tisane matcha chai rooibos verveine"},
	{"beer", "biere beer ale ipa lager pils stout demi pression pinte pint blonde ambree"},
	{"wine", "vin wine champagne prosecco cremant bordeaux bourgogne chardonnay merlot rose rouge cava cidre cider kir"},
	{"pizza", "pizza pizzas calzone margherita margarita reine"},
	{"burger", "burger hamburger cheeseburger hotdog sandwich panini wrap kebab tacos frites fries"},
	{"salad", "salade salad salads cesar caesar crudites crudite legume legumes vegetable vegetables vegan vegetarien soupe soup"},
	{"fish", "poisson poissons fish saumon salmon thon tuna cabillaud cod crevette crevettes shrimp moules huitres sushi maki truite dorade"},
	{"dessert", "dessert gateau gateaux cake tarte tart brownie cookie crepe gaufre waffle glace ice sorbet mousse tiramisu muffin macaron chocolat chocolate"},
	{"bread", "pain bread baguette croissant viennoiserie brioche boulangerie bakery toast tartine bagel"},
	{"fruit", "fruit fruits pomme apple banane banana orange fraise strawberry poire pear raisin citron lemon mangue"},
	{"meat", "viande meat boeuf beef steak entrecote poulet chicken porc pork agneau lamb canard duck veau jambon ham saucisse sausage"},
	{"drink", "eau water soda cola coca limonade lemonade jus juice sirop smoothie boisson boissons drink drinks perrier evian cocktail mocktail"},
	{"service", "service reparation repair entretien maintenance installation coupe coiffure massage cours lesson consultation conseil location forfait montage nettoyage"},
	{"dish", "plat plats dish menu entree entrees formule repas meal pates pasta riz rice omelette quiche gratin couscous curry assiette restaurant"},
	{"parcel", ""},
}

// IsIllustration reports whether file is the name of an illustration.
func IsIllustration(file string) bool {
	name, ok := strings.CutSuffix(file, ".svg")
	return ok && slices.ContainsFunc(illustrations, func(i illustration) bool { return i.name == name })
}

// Library finds one of our illustrations by the words of name and category, in French and English. It needs no remote service and
// always finds one: a parcel fits everything.
type Library struct {
	// BaseURL is where the illustrations are served.
	BaseURL string
}

// Find implements Finder. Words of the name take precedence over those of the category, and earlier words over later ones.
func (l Library) Find(_ context.Context, _, name, category string) (string, error) {
	return l.BaseURL + "/" + pick(name, category) + ".svg", nil
}

func pick(name, category string) string {
	for _, word := range append(words(name), words(category)...) {
		for _, i := range illustrations {
			if hasWord(i.words, word) {
				return i.name
			}
		}
	}
	return "parcel"
}

// hasWord also accepts the plural with s.
func hasWord(list, word string) bool {
	all := strings.Fields(list)
	return slices.Contains(all, word) || len(word) > 3 && slices.Contains(all, strings.TrimSuffix(word, "s"))
}

func words(s string) []string {
	return strings.FieldsFunc(plaintext.Key(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}
