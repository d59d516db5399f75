package bank

import (
	"embed"
	"encoding/json"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
)

//go:embed logos
var logos embed.FS

// serveLogo serves the picture of a bank, to anybody.
func serveLogo(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "image/webp")
	w.Header().Set("Cache-Control", "public, max-age=86400")
	http.ServeFileFS(w, r, logos, path.Join("logos", path.Base(r.PathValue("file"))))
}

func (b *Bank) listConnectors(c *call) ([]byte, error) {
	var only *record
	if id := c.r.URL.Query().Get("id_payment"); id != "" {
		n, err := strconv.ParseInt(id, 10, 64)
		p := b.store.get(n)
		if err != nil || p == nil {
			return nil, errNotFound
		}
		only = p.cur.Load()
	}
	countries := strings.ToUpper(c.r.URL.Query().Get("country_codes"))
	list := []map[string]any{}
	for _, con := range connectors {
		if (only == nil || con.takes(only)) && (countries == "" || con.in(strings.Split(countries, ","))) {
			list = append(list, con.encode())
		}
	}
	return json.Marshal(map[string]any{"connectors": list, "total": len(list)})
}

// in reports whether the bank is in one of the countries.
func (c *connector) in(countries []string) bool {
	return slices.ContainsFunc(countries, func(code string) bool { return code == "FR" || slices.Contains(c.Countries, code) })
}

func (b *Bank) getConnector(c *call) ([]byte, error) {
	con := connectorByUUID(c.r.PathValue("uuid"))
	if con == nil {
		return nil, errNotFound
	}
	return json.Marshal(con.encode())
}
