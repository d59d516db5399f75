package web

import (
	"slices"
	"strings"

	eupay "european-pay.eu/eupay/sdk/go"
)

// navGroup is a heading of the navigation with its links; the first group has none.
type navGroup struct {
	// Key of the heading's phrase; may be empty.
	Key   string
	Links []navLink
}

// navLink is one link. Its phrase is nav.<Key>.
type navLink struct {
	Key, Icon, Path string
	Current         bool
	roles           []eupay.Role
}

var everything = []navGroup{
	{Links: []navLink{
		{Key: "home", Icon: "house", Path: "/portal", roles: Everyone},
		{Key: "payments", Icon: "credit-card", Path: "/portal/payments", roles: Everyone},
		{Key: "links", Icon: "link", Path: "/portal/links", roles: Everyone},
		{Key: "subscriptions", Icon: "repeat", Path: "/portal/subscriptions", roles: Everyone},
		{Key: "invoices", Icon: "file-text", Path: "/portal/invoices", roles: Everyone},
		{Key: "received", Icon: "inbox", Path: "/portal/received", roles: Everyone},
		{Key: "settlement", Icon: "landmark", Path: "/portal/settlement", roles: Books},
		{Key: "exports", Icon: "table-2", Path: "/portal/exports", roles: Books},
	}},
	{Key: "shop", Links: []navLink{
		{Key: "catalog", Icon: "package", Path: "/portal/catalog", roles: Everyone},
		{Key: "stock", Icon: "store", Path: "/portal/stock", roles: Everyone},
		{Key: "tables", Icon: "utensils", Path: "/portal/tables", roles: Shop},
		{Key: "orders", Icon: "shopping-basket", Path: "/portal/orders", roles: Shop},
		{Key: "bills", Icon: "receipt", Path: "/portal/bills", roles: Everyone},
		{Key: "till", Icon: "receipt", Path: "/portal/till", roles: Everyone},
		{Key: "kitchen", Icon: "chef-hat", Path: "/portal/kitchen", roles: Shop},
		{Key: "hours", Icon: "clock", Path: "/portal/hours", roles: Shop},
		{Key: "promotions", Icon: "zap", Path: "/portal/promotions", roles: Shop},
		{Key: "rewards", Icon: "gift", Path: "/portal/rewards", roles: Everyone},
	}},
	{Key: "developers", Links: []navLink{
		{Key: "keys", Icon: "key", Path: "/portal/keys", roles: Owners},
		{Key: "webhooks", Icon: "webhook", Path: "/portal/webhooks", roles: Owners},
		{Key: "docs", Icon: "book-open", Path: "/docs", roles: Everyone},
	}},
	{Key: "account", Links: []navLink{
		{Key: "team", Icon: "users", Path: "/portal/team", roles: Owners},
		{Key: "settings", Icon: "settings", Path: "/portal/settings", roles: Owners},
		{Key: "security", Icon: "shield", Path: "/portal/security", roles: Everyone},
		{Key: "notifications", Icon: "bell", Path: "/portal/notifications", roles: Everyone},
		{Key: "audit", Icon: "scroll-text", Path: "/portal/audit", roles: Owners},
	}},
	{Links: []navLink{
		{Key: "merchants", Icon: "building-2", Path: "/portal/admin", roles: Admins},
		{Key: "operations", Icon: "activity", Path: "/portal/admin/operations", roles: Admins},
		{Key: "security", Icon: "shield", Path: "/portal/security", roles: Admins},
		{Key: "docs", Icon: "book-open", Path: "/docs", roles: Admins},
	}},
}

// navigation are the links that a role may open. The one that is open is the longest that begins the path.
func navigation(role eupay.Role, path string) []navGroup {
	best := ""
	for _, g := range everything {
		for _, l := range g.Links {
			if (path == l.Path || strings.HasPrefix(path, l.Path+"/")) && len(l.Path) > len(best) {
				best = l.Path
			}
		}
	}
	var shown []navGroup
	for _, g := range everything {
		open := navGroup{Key: g.Key}
		for _, l := range g.Links {
			if slices.Contains(l.roles, role) {
				l.Current = l.Path == best
				open.Links = append(open.Links, l)
			}
		}
		if len(open.Links) > 0 {
			shown = append(shown, open)
		}
	}
	return shown
}

// appTabs are the rooms of the customer's app. Their phrases are app.tab_<Key>.
var appTabs = []navLink{
	{Key: "scan", Icon: "qr-code", Path: "/app"},
	{Key: "payments", Icon: "history", Path: "/app/payments"},
	{Key: "accounts", Icon: "landmark", Path: "/app/accounts"},
	{Key: "points", Icon: "gift", Path: "/app/points"},
}

// inApp reports whether a path is of the customer's app.
func inApp(path string) bool { return path == "/app" || strings.HasPrefix(path, "/app/") }

// root is the first part of a path of the app or else of the portal.
func root(path string) string {
	if inApp(path) {
		return "/app"
	}
	return "/portal"
}

// tabs are the rooms of the app. Where none begins the path, it is the first.
func tabs(path string) []navLink {
	out := slices.Clone(appTabs)
	open := 0
	for i, l := range out[1:] {
		if path == l.Path || strings.HasPrefix(path, l.Path+"/") {
			open = i + 1
		}
	}
	out[open].Current = true
	return out
}
