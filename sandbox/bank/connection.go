package bank

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"european-pay.eu/eupay/sandbox/bank/internal/iban"
)

// connection is a user's consent to show their accounts, as stored in the journal.
type connection struct {
	ID        int64     `json:"id"`
	User      int64     `json:"user"`
	Connector string    `json:"connector"`
	Created   time.Time `json:"created"`
	// Nonce is that of the code that created it: a code creates one connection.
	Nonce string `json:"nonce"`
	// Own is the number of the business account that it shares, if its person logged in with that number. Renewed is when they last
	// consented anew. State is what is wrong with it.
	Own     string    `json:"own,omitempty"`
	Renewed time.Time `json:"renewed,omitzero"`
	State   string    `json:"state,omitempty"`
	// Disabled has the time since when an account is disabled, by its index.
	Disabled map[int]time.Time `json:"disabled,omitempty"`
}

// links are the connections of all users.
type links struct {
	mu   sync.Mutex
	byID map[int64]connection
	next int64
}

// add stores a connection under a new number, or finds the one that the same code created before.
func (l *links) add(x connection) (connection, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, old := range l.byID {
		if old.Nonce == x.Nonce {
			return old, false
		}
	}
	x.ID = l.next
	l.next++
	l.byID[x.ID] = x
	return x, true
}

func (l *links) get(id int64) (connection, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	x, ok := l.byID[id]
	return x, ok
}

// of returns a user's connections, oldest first.
func (l *links) of(user int64) []connection {
	l.mu.Lock()
	defer l.mu.Unlock()
	var list []connection
	for _, id := range slices.Sorted(maps.Keys(l.byID)) {
		if l.byID[id].User == user {
			list = append(list, l.byID[id])
		}
	}
	return list
}

func (l *links) remove(id int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.byID, id)
}

// clear deletes all connections but does not reuse their numbers.
func (l *links) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.byID = map[int64]connection{}
}

func (l *links) count() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return int64(len(l.byID))
}

// switchAccount disables or enables an account of the user, and returns its connection after that.
func (l *links) switchAccount(user, account int64, disabled bool, now time.Time) (connection, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	x, ok := l.byID[account/accountsPerConnection]
	place := int(account % accountsPerConnection)
	if !ok || x.User != user || place >= len(x.accounts()) {
		return connection{}, false
	}
	x.Disabled = maps.Clone(x.Disabled)
	if x.Disabled == nil {
		x.Disabled = map[int]time.Time{}
	}
	if disabled {
		x.Disabled[place] = now
	} else {
		delete(x.Disabled, place)
	}
	l.byID[x.ID] = x
	return x, true
}

// accountsPerConnection separates the numbers of accounts: connection 7 has 700, 701, …
const accountsPerConnection = 100

// bankAccount is an account of a connection.
type bankAccount struct {
	ID, Connection, User int64
	Name, Type           string
	Number, IBAN, BIC    string // IBAN is empty for an account that cannot pay
	Cents                int64
	Since, Disabled      time.Time
}

// typeID is an index of the API's list of account types.
func (a bankAccount) typeID() int64 {
	if a.Type == "savings" {
		return 3
	}
	return 2
}

// since is when its person last consented.
func (x connection) since() time.Time {
	if x.Renewed.IsZero() {
		return x.Created
	}
	return x.Renewed
}

// accounts are derived from user and bank, so connecting the same bank again finds the same accounts.
func (x connection) accounts() []bankAccount {
	bank := connectorByUUID(x.Connector)
	kinds := []struct{ name, kind string }{{"Current account", "checking"}, {"Joint account", "checking"}, {"Savings book", "savings"}}
	if x.Own != "" {
		kinds[0].name = "Business account"
	}
	list := make([]bankAccount, len(kinds))
	for place, k := range kinds {
		seed := sha256.Sum256(fmt.Appendf(nil, "account %d %s %d", x.User, bank.UUID, place))
		number := fmt.Sprintf("%011d", binary.BigEndian.Uint64(seed[:])%1e11)
		a := bankAccount{
			ID: x.ID*accountsPerConnection + int64(place), Connection: x.ID, User: x.User, Name: k.name, Type: k.kind, Number: number,
			Cents: 50_000 + int64(binary.BigEndian.Uint32(seed[8:])%500_000), Since: x.Created, Disabled: x.Disabled[place],
		}
		if k.kind == "checking" {
			a.IBAN, a.BIC = frenchIBAN(bank.bankCode, "00001", number), bank.BIC
		}
		if x.Own != "" && place == 0 {
			a.IBAN, a.Number = x.Own, x.Own[max(0, len(x.Own)-11):]
		}
		list[place] = a
	}
	return list
}

// frenchIBAN returns an IBAN whose national part (RIB) also has valid check digits: 97 less (89·bank + 15·branch + 3·account) mod
// 97.
func frenchIBAN(bank, branch, account string) string {
	sum := int64(0)
	for _, part := range []struct {
		digits string
		weight int64
	}{{bank, 89}, {branch, 15}, {account, 3}} {
		n, err := strconv.ParseInt(part.digits, 10, 64)
		if err != nil { // digits only
			panic(err)
		}
		sum += part.weight * n
	}
	return iban.Make("FR", fmt.Sprintf("%s%s%s%02d", bank, branch, account, 97-sum%97))
}

// Masked returns the account as its page shows it.
func (a bankAccount) Masked() string {
	if a.IBAN == "" {
		return "No. …" + a.Number[len(a.Number)-4:]
	}
	return a.IBAN[:4] + " … " + a.IBAN[len(a.IBAN)-4:]
}

// Balance returns the balance as its page shows it.
func (a bankAccount) Balance() string { return euros(a.Cents) + " EUR" }
