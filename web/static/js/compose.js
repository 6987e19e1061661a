// compose.js: lists that open while one writes. A box [data-picks=SIGN] in a form answers what is typed after the sign: people after an @, ready texts after a /.
(() => {
  'use strict';
  const D = document;
  const $ = (s, r) => r.querySelector(s), $$ = (s, r) => [...r.querySelectorAll(s)];
  let open = null; // {box, list, menu, area, from, to}
  let timer, asked = 0;

  // What is being typed after a sign that begins a word, up to the caret.
  function typed(area, sign) {
    const to = area.selectionStart, before = area.value.slice(0, to), from = before.lastIndexOf(sign);
    if (from < 0 || area.selectionEnd !== to) return null;
    const word = before.slice(from + 1), left = before.slice(0, from);
    if (/\s/.test(word) || word.length > 30) return null;
    if (sign === '/' ? left && !/\n$/.test(left) : /[\w.-]$/.test(left)) return null;
    return { from, to, word };
  }
  function close() {
    if (!open) return;
    open.menu.hidden = true;
    ['aria-activedescendant', 'aria-controls'].forEach((a) => open.area.removeAttribute(a));
    open = null;
  }
  const options = () => open ? $$('[role=option]', open.list) : [];
  function mark(o) {
    options().forEach((x) => x.setAttribute('aria-selected', String(x === o)));
    if (!o) return;
    open.area.setAttribute('aria-activedescendant', o.id);
    o.scrollIntoView({ block: 'nearest' });
    const show = $('[data-shows]', open.box);
    if (show) { show.hidden = false; show.textContent = o.dataset.insert; }
  }
  function ask(box, area, t) {
    const n = ++asked, kind = area.form.classList.contains('note') ? 'note' : 'reply';
    fetch(box.dataset.url + encodeURIComponent(t.word) + '&kind=' + kind, { headers: { 'HX-Request': 'true' } }).then((r) => r.ok ? r.text() : '').then((h) => {
      if (n !== asked || D.activeElement !== area) return;
      const list = $('[role=listbox]', box);
      list.replaceChildren(...new DOMParser().parseFromString(h, 'text/html').body.children);
      const found = $$('[role=option]', list).length, say = $('[role=status]', box);
      if (say) say.textContent = found ? say.dataset.found.replace('%', found) : say.dataset.none;
      if (!found) { close(); return; }
      open = { box, list, menu: list.closest('.menu'), area, from: t.from, to: t.to };
      open.menu.hidden = false;
      area.setAttribute('aria-controls', list.id);
      mark(options()[0]);
    }).catch(close);
  }
  function look(area) {
    clearTimeout(timer);
    for (const box of $$('[data-picks]', area.form)) {
      const t = typed(area, box.dataset.picks);
      if (t) { timer = setTimeout(() => ask(box, area, t), 120); return; }
    }
    asked++; close();
  }
  function put(area, from, to, text) {
    area.setRangeText(text, from, to, 'end');
    area.focus();
    area.dispatchEvent(new Event('input', { bubbles: true }));
  }
  function choose(o) {
    const { area, from, to } = open;
    close(); asked++;
    put(area, from, to, o.dataset.insert);
    close(); clearTimeout(timer);
  }
  D.addEventListener('input', (e) => { if (e.target.matches('form.composer textarea') && !e.isComposing) look(e.target); });
  D.addEventListener('compositionend', (e) => { if (e.target.matches?.('form.composer textarea')) look(e.target); });
  D.addEventListener('keydown', (e) => {
    if (!open || e.target !== open.area || e.isComposing) return;
    const os = options(), at = os.findIndex((o) => o.getAttribute('aria-selected') === 'true');
    if (e.key === 'ArrowDown') mark(os[(at + 1) % os.length]);
    else if (e.key === 'ArrowUp') mark(os[(at - 1 + os.length) % os.length]);
    else if ((e.key === 'Enter' || e.key === 'Tab') && !e.ctrlKey && !e.metaKey && os[at]) choose(os[at]);
    else if (e.key === 'Escape') close();
    else return;
    e.preventDefault(); e.stopImmediatePropagation();
  }, true);
  D.addEventListener('mousedown', (e) => { const o = e.target.closest('[data-picks] [role=option]'); if (o && open) { e.preventDefault(); choose(o); } });
  D.addEventListener('focusout', (e) => { if (open && e.target === open.area) setTimeout(() => { if (open && D.activeElement !== open.area) close(); }, 150); });
  // A button puts the sign where the caret is and opens its list.
  D.addEventListener('click', (e) => {
    const b = e.target.closest('[data-call]'); if (!b || !b.closest('form')) return;
    e.preventDefault();
    const area = $('textarea', b.closest('form')), sign = b.dataset.call || '@', left = area.value.slice(0, area.selectionStart);
    const space = sign === '/' ? (left && !/\n$/.test(left) ? '\n' : '') : (/[\w.-]$/.test(left) ? ' ' : '');
    put(area, area.selectionStart, area.selectionEnd, space + sign);
    look(area);
  });
})();
