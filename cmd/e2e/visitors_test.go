package e2e

import "testing"

// TestInTheBrowser has the tests with a browser, which has several processes: so there is one of them at a time, beside the other tests.
// It takes longer than any other. The parallel tests of the last files begin first, so it is in one of those.
func TestInTheBrowser(t *testing.T) {
	t.Parallel()
	t.Run("a payer authorises", aPayerAuthorisesInTheBrowser)
	t.Run("a payer refuses", aPayerRefusesInTheBrowser)
	t.Run("a payer has no money", aPayerWithoutMoneyFailsInTheBrowser)
	t.Run("a payer gives up in a webview", aPayerGivesUpInTheWebview)
	t.Run("a payer leaves the bank and comes back", aPayerWhoLeavesTheBankMayComeBack)
	t.Run("a payer ends on our page", aPayerEndsOnOurPageWhenTheMerchantHasNone)
	t.Run("a payer approves a cancellation", thePayerApprovesACancellation)
	t.Run("a passkey", aPasskeyOfARealBrowser)
	t.Run("a customer pays", portalACustomerPays)
	t.Run("a merchant follows the link of the mail", portalAMerchantFollowsTheLinkOfTheMail)
	t.Run("a merchant takes a payment", portalAMerchantTakesAPayment)
	t.Run("a merchant looks at its webhooks", portalWebhooks)
	t.Run("a merchant enrols and invoices", portalEnrolsAndInvoices)
	t.Run("a merchant logs in with a passkey", portalLogsInWithAPasskey)
	t.Run("a guest orders", portalAGuestOrders)
	t.Run("the drawer fills the phone", portalTheDrawerFillsThePhone)
	t.Run("the tester answers", portalTheTesterAnswers)
}
