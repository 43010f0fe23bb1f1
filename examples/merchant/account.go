package merchant

import (
	"fmt"
	"net/http"
	"strconv"
)

func (s *shop) showAccount(w http.ResponseWriter, r *http.Request) {
	acc := s.accounts.of(r)
	if acc == nil {
		s.render(w, r, http.StatusOK, "nobody", nil)
		return
	}
	acc.Lock()
	defer acc.Unlock()
	if len(acc.Calls) == 0 { // refused while a second press waited
		s.render(w, r, http.StatusOK, "nobody", nil)
		return
	}
	s.deliver(w, r, acc)
	s.render(w, r, http.StatusOK, "account", acc)
	acc.Notices = nil
}

// withAccount runs a button of the account page and shows the page again.
func (s *shop) withAccount(press func(*http.Request, *account)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		acc := s.accounts.of(r)
		if acc == nil {
			http.Redirect(w, r, "/account", http.StatusSeeOther)
			return
		}
		acc.Lock()
		defer acc.Unlock()
		s.deliver(w, r, acc) // what waits goes first
		told := len(acc.Calls)
		press(r, acc)
		s.deliver(w, r, acc)
		for _, c := range acc.Calls[told:] {
			acc.complain(c)
		}
		http.Redirect(w, r, "/account", http.StatusSeeOther)
	}
}

// complain says on the page what Tributary would not take.
func (a *account) complain(c *call) {
	if c.Outcome == refused {
		p := c.Problem
		a.Notices = append(a.Notices, notice{Bad: true, Text: p.Detail, Hint: p.Hint, RequestID: p.RequestID, AboutRequest: c.What})
	}
}

// pay charges the next month. The form carries the number of that month, so that two presses of one
// button pay once.
func (s *shop) pay(r *http.Request, acc *account) {
	n := len(acc.Payments) + 1
	if month := r.PostFormValue("month"); month != "" && month != strconv.Itoa(n) {
		return
	}
	if acc.Coupon != "" && acc.signUpCall().Outcome == waiting {
		acc.warn("Your code could not be checked yet, so nothing was charged.", "Try again in a minute.")
		return
	}
	pay := &payment{ID: acc.paymentID(n), At: s.instant(), AmountMinor: acc.DueMinor()}
	acc.Payments = append(acc.Payments, pay)
	acc.Active = true
	acc.tell(tellPayment(paid{
		PaymentID: pay.ID, CustomerID: acc.ID, At: pay.At, Currency: currency,
		Amount: pay.AmountMinor, Plan: acc.Plan.Code, PeriodStart: pay.At,
	}))
	acc.say(fmt.Sprintf("Month %d is paid: %s %s.", n, decimal(pay.AmountMinor), currency))
}

// refund gives back a part of a payment, or all that is left of it.
func (s *shop) refund(r *http.Request, acc *account) {
	pay, ok := acc.payment(r.PostFormValue("payment_id"))
	if !ok {
		acc.warn("This payment is not one of yours.", "Choose one from the list.")
		return
	}
	amount := pay.LeftMinor()
	if text := r.PostFormValue("amount"); text != "" {
		if amount, ok = parseDecimal(text); !ok {
			acc.warn(fmt.Sprintf("“%s” is not an amount.", text), "Write it like 5.00.")
			return
		}
	}
	if amount <= 0 || amount > pay.LeftMinor() {
		acc.warn(fmt.Sprintf("%s %s cannot be given back.", decimal(amount), currency),
			fmt.Sprintf("Of this payment %s %s is left.", decimal(pay.LeftMinor()), currency))
		return
	}
	pay.Refunds = append(pay.Refunds, amount)
	acc.tell(tellRefund(pay.ID, refunded{
		RefundID: fmt.Sprintf("%s-r%d", pay.ID, len(pay.Refunds)), Amount: amount, At: s.instant(),
	}))
	acc.say(fmt.Sprintf("%s %s is on its way back to you.", decimal(amount), currency))
}

func (s *shop) leave(_ *http.Request, acc *account) {
	if !acc.Active {
		return
	}
	acc.Active = false
	acc.tell(tellState(acc.ID, stated{State: "inactive", At: s.instant()}))
	acc.say("Your subscription is ended. Your plants stay on file.")
}

func (s *shop) comeBack(_ *http.Request, acc *account) {
	if acc.Active {
		return
	}
	acc.Active = true
	acc.tell(tellState(acc.ID, stated{State: "active", At: s.instant()}))
	acc.say("Welcome back.")
}
