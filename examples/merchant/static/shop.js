// Shows what a code takes off before anything is paid. Without this script the Apply button asks the
// shop's server, which shows the same.
const form = document.getElementById("signup");
if (form) quoteIn(form);

function quoteIn(form) {
  const at = (id) => document.getElementById(id);
  const coupon = at("coupon"), apply = at("apply"), says = at("coupon-says");
  const plan = () => form.querySelector("[name=plan]:checked");
  const money = (minor) => (minor / 100).toFixed(2);
  let asked = 0;

  const receipt = (off, due, note, code = "") => {
    at("receipt-plan").textContent = plan().dataset.name + ", one month";
    at("receipt-price").textContent = money(Number(plan().dataset.price));
    const [label, figure] = at("receipt-code").children;
    label.textContent = "Code " + code;
    figure.textContent = "−" + money(off);
    at("receipt-code").hidden = !off;
    at("receipt-due").textContent = money(due);
    at("receipt-note").textContent = note;
    at("receipt-note").hidden = !note;
  };

  // Until the next answer the list price stands, and no quote.
  const forget = () => {
    asked++;
    at("quote").value = at("quoted-for").value = "";
    says.textContent = "";
    coupon.removeAttribute("aria-invalid");
    const price = Number(plan().dataset.price);
    receipt(0, price, "");
    return price;
  };

  const wrong = (sentence, hint) => {
    const p = document.createElement("p"), more = document.createElement("span");
    p.className = "error";
    more.textContent = hint;
    p.append(sentence, " ", more);
    says.replaceChildren(p);
    coupon.setAttribute("aria-invalid", "true");
  };

  const howLong = (payments) =>
    payments === 0 ? "Taken off every month." :
    payments === 1 ? "Taken off the first month." : `Taken off the first ${payments} months.`;

  const show = (quote, price) => {
    if (!quote.valid) return wrong(quote.sentence,
      quote.reason === "unknown" ? "Check the spelling, or go on without a code." : "You can go on without a code.");
    at("quote").value = quote.quote ?? "";
    at("quoted-for").value = coupon.value.trim() + " " + plan().value;
    if (!quote.discounted) return receipt(0, price, quote.sentence);
    receipt(quote.discount, quote.due, howLong(quote.payments ?? 0), quote.code);
  };

  // The publishable key may do nothing but this, so it may stand in a page.
  const ask = async () => {
    const price = forget(), mine = asked, code = coupon.value.trim();
    if (!code) return wrong("There is no code to apply.", "Type it first, or go on without one.");
    const answer = await fetch(form.dataset.api + "/v1/coupons/quote", {
      method: "POST",
      headers: { "Authorization": "Bearer " + form.dataset.key, "Content-Type": "application/json" },
      body: JSON.stringify({ code, plan: plan().value, currency: form.dataset.currency, amount: price }),
    });
    const body = await answer.json();
    if (mine !== asked) return; // the code or the plan has changed meanwhile
    if (answer.ok) return show(body, price);
    if (answer.status < 500) return wrong(body.detail, body.hint ?? "");
    throw new Error(body.detail);
  };

  // When the browser cannot reach Tributary, the shop's server may.
  const askOrSubmit = () => ask().catch(() => form.requestSubmit(apply));

  apply.addEventListener("click", (event) => {
    event.preventDefault();
    askOrSubmit();
  });
  // Enter in the code's field asks first; once the price is shown, it signs up like anywhere else.
  form.addEventListener("submit", (event) => {
    const typing = document.activeElement === coupon && event.submitter !== apply && event.submitter?.id !== "sign-up";
    if (!typing || !coupon.value.trim() || at("quote").value) return;
    event.preventDefault();
    askOrSubmit();
  });
  coupon.addEventListener("input", forget);
  for (const choice of form.querySelectorAll("[name=plan]")) {
    choice.addEventListener("change", () => (coupon.value.trim() ? askOrSubmit() : forget()));
  }
}
