package e2e

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	eupay "european-pay.eu/eupay/sdk/go"
)

// rewarding is a merchant with a program, who hears of everything.
func rewarding(t *testing.T, p eupay.RewardProgramParams) *merchant {
	t.Helper()
	m := shared.newMerchant(t)
	if a := m.portal.do(t, http.MethodPatch, "/webhook-endpoints/"+m.endpoint, `{"event_types":["*"]}`); a.status != http.StatusOK {
		t.Fatalf("%s", a.raw)
	}
	if set, err := m.client.Rewards.SetProgram(t.Context(), p); err != nil || set.Version != 1 || !strings.HasPrefix(set.ChangedBy, "key:") {
		t.Fatalf("%+v, %v", set, err)
	}
	return m
}

// told waits for the webhook of that type whose body has this reference (empty: none) and all of the words.
func (m *merchant) told(t *testing.T, event, reference string, words ...string) {
	t.Helper()
	m.site.wait(t, event+" with "+strings.Join(words, " "), reference, func(h hook) bool {
		return h.body.Event == event && !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(string(h.raw), w) })
	})
}

func (m *merchant) member(t *testing.T, id string) *eupay.RewardMember {
	t.Helper()
	got, err := m.client.Rewards.Member(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// statement is a member's ledger, the oldest line first, after checking that its sums hold.
func (m *merchant) statement(t *testing.T, id string) []eupay.RewardEntry {
	t.Helper()
	var list []eupay.RewardEntry
	for e, err := range m.client.Rewards.AllEntries(t.Context(), id, eupay.ListParams{}) {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, e)
	}
	slices.Reverse(list)
	sum := 0
	for _, e := range list {
		if sum += e.Points; sum != e.Balance {
			t.Errorf("a line says %d, the lines so far make %d", e.Balance, sum)
		}
	}
	if is := m.member(t, id); is.Balance != sum {
		t.Errorf("the balance is %d, the lines make %d", is.Balance, sum)
	}
	return list
}

// TestPointsFromThePaymentToTheTillAndBack: a payment earns points, which are held and spent at a till; a refund takes them back.
func TestPointsFromThePaymentToTheTillAndBack(t *testing.T) {
	t.Parallel()
	m := rewarding(t, eupay.RewardProgramParams{PointsPerEuro: 200, WelcomePoints: 10, ValidityMonths: 12, PointValue: 5})
	p := m.paid(t, object{"amount": 29.99, "metadata": object{"reward_member": "C-1042"}})
	m.told(t, "reward.earned", "", `"kind":"welcome"`, `"customer_number":"C-1042"`, `"points":10`)
	m.told(t, "reward.earned", p.Reference, `"kind":"earned"`, `"points":58`, `"balance":68`, `"expires_at"`)
	found, err := m.client.Rewards.Members(t.Context(), eupay.RewardMemberListParams{CustomerNumber: "C-1042"})
	if err != nil || len(found.Data) != 1 || found.Data[0].Balance != 68 || found.Data[0].ExpiringPoints == 0 {
		t.Fatalf("%+v, %v", found, err)
	}
	id := found.Data[0].ID

	held, err := m.client.Rewards.Hold(t.Context(), eupay.RedemptionParams{MemberID: id, Amount: 299, Reference: "TILL-7", IdempotencyKey: "sale 1"})
	if err != nil || held.Points != 60 || held.Amount != 299 || held.Status != eupay.RedemptionHeld {
		t.Fatalf("%+v, %v", held, err)
	}
	if again, err := m.client.Rewards.Hold(t.Context(), eupay.RedemptionParams{MemberID: id, Amount: 299, Reference: "TILL-7", IdempotencyKey: "sale 1"}); err != nil ||
		again.ID != held.ID || !again.Replayed {
		t.Errorf("the repeated request: %+v, %v", again, err)
	}
	if _, err := m.client.Rewards.Hold(t.Context(), eupay.RedemptionParams{MemberID: id, Points: 9}); !errors.Is(err, eupay.ErrInvalidState) {
		t.Errorf("held points are spent: %v", err)
	}
	if is := m.member(t, id); is.Balance != 68 || is.Held != 60 || is.Available != 8 {
		t.Errorf("%+v", is)
	}
	for range 2 {
		if done, err := m.client.Rewards.Capture(t.Context(), held.ID); err != nil || done.Status != eupay.RedemptionCaptured {
			t.Errorf("%+v, %v", done, err)
		}
	}
	m.told(t, "reward.redeemed", "TILL-7", held.ID, `"points":60`, `"amount":2.99`, `"balance":8`)
	if _, err := m.client.Rewards.Release(t.Context(), held.ID); !errors.Is(err, eupay.ErrInvalidState) {
		t.Errorf("released after it was captured: %v", err)
	}

	m.refund(t, p, `{"amount":20}`)
	m.told(t, "reward.taken_back", p.Reference, `"points":-40`, `"balance":-32`)
	if _, err := m.client.Rewards.Adjust(t.Context(), id, eupay.RewardAdjustmentParams{Points: 50, Reason: "Sorry for the wait"}); err != nil {
		t.Fatal(err)
	}
	if is := m.member(t, id); is.Balance != 18 || is.Available != 18 {
		t.Errorf("new points pay for what was taken back: %+v", is)
	}
	kinds := ""
	for _, e := range m.statement(t, id) {
		kinds += string(e.Kind) + " "
	}
	if kinds != "welcome earned redeemed taken_back adjusted " {
		t.Errorf("the statement has %s", kinds)
	}
	m.exportsPoints(t, id)
}

func (m *merchant) exportsPoints(t *testing.T, id string) {
	t.Helper()
	file, err := m.client.Rewards.Export(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	raw, err := io.ReadAll(file)
	if lines := strings.Split(strings.TrimSpace(string(raw)), "\r\n"); err != nil || len(lines) != 6 || !strings.Contains(lines[1], id+",adjusted,50,,18,") {
		t.Errorf("%s, %v", raw, err)
	}
}

// TestADiscountAtATillIsGivenOnce: many tills redeem at once, and the member has points for three.
func TestADiscountAtATillIsGivenOnce(t *testing.T) {
	t.Parallel()
	m := rewarding(t, eupay.RewardProgramParams{PointsPerEuro: 100})
	member, err := m.client.Rewards.AddMember(t.Context(), eupay.RewardMemberParams{Email: " Jane@Example.com "})
	if err != nil || member.EmailSHA256 != "8c87b489ce35cf2e2f39f80e282cb2e804932a56a213983eeeb428407d43b52d" {
		t.Fatalf("%+v, %v", member, err)
	}
	if again, err := m.client.Rewards.AddMember(t.Context(), eupay.RewardMemberParams{EmailSHA256: member.EmailSHA256}); err != nil || again.ID != member.ID || !again.Replayed {
		t.Errorf("%+v, %v", again, err)
	}
	if _, err := m.client.Rewards.Adjust(t.Context(), member.ID, eupay.RewardAdjustmentParams{Points: 300, Reason: "Opening"}); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var all sync.WaitGroup
	given := 0
	for range 8 {
		all.Go(func() {
			held, err := m.client.Rewards.Hold(t.Context(), eupay.RedemptionParams{MemberID: member.ID, Points: 100})
			if err != nil {
				if !errors.Is(err, eupay.ErrInvalidState) {
					t.Error(err)
				}
				return
			}
			if _, err := m.client.Rewards.Capture(t.Context(), held.ID); err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			given++
		})
	}
	all.Wait()
	if is := m.member(t, member.ID); given != 3 || is.Balance != 0 || is.Held != 0 {
		t.Errorf("%d discounts, and then %+v", given, is)
	}
	m.statement(t, member.ID)
}

// TestAnotherMerchantsMemberIsNotFound, nor is one of the other mode.
func TestAnotherMerchantsMemberIsNotFound(t *testing.T) {
	t.Parallel()
	m, other := rewarding(t, eupay.RewardProgramParams{PointsPerEuro: 100}), rewarding(t, eupay.RewardProgramParams{PointsPerEuro: 100})
	member, err := m.client.Rewards.AddMember(t.Context(), eupay.RewardMemberParams{CustomerNumber: "C-1"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.client.Rewards.Adjust(t.Context(), member.ID, eupay.RewardAdjustmentParams{Points: 100, Reason: "Opening"}); err != nil {
		t.Fatal(err)
	}
	held, err := m.client.Rewards.Hold(t.Context(), eupay.RedemptionParams{MemberID: member.ID, Points: 100})
	if err != nil {
		t.Fatal(err)
	}
	for what, try := range map[string]func() error{
		"read": func() error { _, err := other.client.Rewards.Member(t.Context(), member.ID); return err },
		"statement": func() error {
			_, err := other.client.Rewards.Entries(t.Context(), member.ID, eupay.ListParams{})
			return err
		},
		"forget": func() error { return other.client.Rewards.Forget(t.Context(), member.ID) },
		"adjust": func() error {
			_, err := other.client.Rewards.Adjust(t.Context(), member.ID, eupay.RewardAdjustmentParams{Points: 1, Reason: "Mine"})
			return err
		},
		"hold": func() error {
			_, err := other.client.Rewards.Hold(t.Context(), eupay.RedemptionParams{MemberID: member.ID, Points: 1})
			return err
		},
		"redemption": func() error { _, err := other.client.Rewards.Redemption(t.Context(), held.ID); return err },
		"capture":    func() error { _, err := other.client.Rewards.Capture(t.Context(), held.ID); return err },
		"release":    func() error { _, err := other.client.Rewards.Release(t.Context(), held.ID); return err },
	} {
		if err := try(); !errors.Is(err, eupay.ErrNotFound) {
			t.Errorf("%s: %v", what, err)
		}
	}
	// The same number at the other merchant is another member.
	p := other.paid(t, object{"amount": 7, "metadata": object{"reward_member": "C-1"}})
	other.told(t, "reward.earned", p.Reference, `"points":7`)
	if is := m.member(t, member.ID); is.Balance != 100 || is.Held != 100 {
		t.Errorf("%+v", is)
	}
	// A payment that names the other's member by its id earns nothing for it.
	other.paid(t, object{"amount": 9, "metadata": object{"reward_member": member.ID}})
	p = other.paid(t, object{"amount": 8, "metadata": object{"reward_member": "C-1"}})
	other.told(t, "reward.earned", p.Reference, `"balance":15`)
	if is := m.member(t, member.ID); is.Balance != 100 {
		t.Errorf("%+v", is)
	}
}
