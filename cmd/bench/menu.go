package main

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	eupay "european-pay.eu/eupay/sdk/go"
)

// The large shop whose menu is measured.
const (
	menuProducts = 500
	menuOptions  = 20
	menuTables   = 900 // a shop has 1000 at most, and the demo's has some
	menuRate     = 5000
	menuBytes    = 100_000
)

// menus measures the menu of a large shop, compressed, as the browsers of guests get it.
func (b *bench) menus(ctx context.Context) error {
	b.table.title("The menu of a table", fmt.Sprintf("%d products with %d options each, %d tables", menuProducts, menuOptions, menuTables))
	b.system.stop()
	var err error
	// One login makes the shop: it may write more often than a person does.
	if b.system, err = start(ctx, b.Program, b.dir, "EUPAY_USER_WRITES=1000000", "EUPAY_MERCHANT_WRITES=1000000"); err != nil {
		return err
	}
	paths, err := b.openShop(ctx)
	if err != nil {
		return fmt.Errorf("open a large shop: %w", err)
	}
	c := &conn{host: b.system.host}
	defer c.close()
	if err := c.expect(b.system.plain("GET", paths[0], "Accept-Encoding: gzip\r\n", "")); err != nil {
		return err
	}
	size := len(c.body)
	b.table.row(row{name: "compressed", value: fmt.Sprintf("%.1f kB", float64(size)/1000), target: "≤ 100 kB", met: verdict(size <= menuBytes)})
	r := b.looks(ctx, paths)
	b.table.figure(figure{
		name: "whole, 16 clients", r: r, target: "≥ 5000/s", met: verdict(r.rate() >= menuRate && r.failures == 0),
		limit: of(r.rate(), b.table.limits.echoes, "HTTP echoes") + fmt.Sprintf(", %.0f MB/s", r.rate()*float64(size)/1e6),
	})
	return r.failure
}

// looks asks for the menus of the tables in turn, from many addresses, for as long as their guests may.
func (b *bench) looks(ctx context.Context, paths []string) *result {
	l := b.load(func(c *conn, n int64) error {
		from := fmt.Sprintf("X-Forwarded-For: 10.%d.%d.%d\r\n", n>>16&255, n>>8&255, n&255)
		return c.expect(b.system.plain("GET", paths[n%int64(len(paths))], "Accept-Encoding: gzip\r\n"+from, ""))
	})
	l.duration = min(l.duration, 2*time.Second) // longer, and there are not enough tables
	return l.closed(ctx, 16)
}

// openShop adds the products and the tables, and returns where the menus of the tables are.
func (b *bench) openShop(ctx context.Context) ([]string, error) {
	shop, err := b.system.signedIn(ctx)
	if err != nil {
		return nil, err
	}
	group := eupay.OptionGroupParams{Name: "Extras", MaxChoices: menuOptions}
	for i := range menuOptions {
		group.Options = append(group.Options, eupay.OptionParams{Name: fmt.Sprintf("Extra %d", i+1), Price: eupay.Amount(10 * i)})
	}
	extras, err := shop.OptionGroups.Create(ctx, group)
	if err != nil {
		return nil, err
	}
	for i := range menuProducts {
		_, err := shop.Products.Create(ctx, eupay.ProductParams{
			Name: fmt.Sprintf("Dish %d of the house", i+1), Description: fmt.Sprintf("With %d herbs, salt, pepper and thyme, as in 19%02d", i*7919%1000, i%100),
			Category: fmt.Sprintf("Category %d", i%20),
			PriceTTC: eupay.Amount(500 + i), Allergens: []eupay.Allergen{"milk", "gluten"}, OptionGroups: []string{extras.ID},
		})
		if err != nil {
			return nil, err
		}
	}
	var paths []string
	for i := range menuTables {
		t, err := shop.Tables.Create(ctx, eupay.TableParams{Name: fmt.Sprintf("Table %d", i+1)})
		if err != nil {
			return nil, err
		}
		u, err := url.Parse(t.QRURL)
		if err != nil {
			return nil, fmt.Errorf("read the address of a table: %w", err)
		}
		paths = append(paths, "/table-order/menu"+strings.TrimPrefix(u.Path, "/order"))
	}
	return paths, nil
}
