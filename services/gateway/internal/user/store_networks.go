package user

import (
	"context"
	"fmt"
	"time"

	"european-pay.eu/eupay/internal/run/pg"
)

const (
	// networkLife is how long a network counts as its user's after the last login from there.
	networkLife = 30 * 24 * time.Hour
	// maxNetworks are the networks that are remembered of one user.
	maxNetworks = 20
)

// knowsNetwork reports whether the user has logged in from the network lately; false for an empty userID.
func knowsNetwork(ctx context.Context, db pg.DB, userID, network string, now time.Time) (bool, error) {
	if userID == "" {
		return false, nil
	}
	var known bool
	err := db.QueryRow(ctx, `select exists (select from login_networks where user_id = $1 and network = $2 and last_login_at > $3)`,
		userID, network, now.Add(-networkLife)).Scan(&known)
	if err != nil {
		return false, fmt.Errorf("read network of login: %w", err)
	}
	return known, nil
}

// noteNetwork remembers a network from which the user has logged in. It writes once a day at most.
func noteNetwork(ctx context.Context, db pg.DB, userID, network string, now time.Time) error {
	tag, err := db.Exec(ctx, `insert into login_networks (user_id, network, last_login_at) values ($1, $2, $3)
		on conflict (user_id, network) do update set last_login_at = $3 where login_networks.last_login_at < $4`,
		userID, network, now, now.Add(-24*time.Hour))
	if err != nil {
		return fmt.Errorf("note network of login: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return nil
	}
	_, err = db.Exec(ctx, `delete from login_networks where user_id = $1 and network in (
		select network from login_networks where user_id = $1 order by last_login_at desc, network offset $2)`, userID, maxNetworks)
	if err != nil {
		return fmt.Errorf("forget old networks of logins: %w", err)
	}
	return nil
}

func purgeNetworks(ctx context.Context, db pg.DB, now time.Time) error {
	if _, err := db.Exec(ctx, `delete from login_networks where last_login_at < $1`, now.Add(-networkLife)); err != nil {
		return fmt.Errorf("purge networks of logins: %w", err)
	}
	return nil
}
