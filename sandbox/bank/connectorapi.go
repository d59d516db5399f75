package bank

import (
	"encoding/json"
	"strconv"
	"strings"
)

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
	countries := c.r.URL.Query().Get("country_codes")
	list := []map[string]any{}
	for _, con := range connectors {
		if (only == nil || con.takes(only)) && (countries == "" || strings.Contains(strings.ToUpper(countries), "FR")) {
			list = append(list, con.encode())
		}
	}
	return json.Marshal(map[string]any{"connectors": list, "total": len(list)})
}

func (b *Bank) getConnector(c *call) ([]byte, error) {
	con := connectorByUUID(c.r.PathValue("uuid"))
	if con == nil {
		return nil, errNotFound
	}
	return json.Marshal(con.encode())
}
