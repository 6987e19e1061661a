// form.js: the conditions of a form, as internal/form/eval.go has them. It walks small trees of checked operations; it never runs text.
(() => {
  'use strict';
  const NUMBER = /^-?\d{1,15}(\.\d{1,6})?$/, DAY = /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/;
  const isNumber = (v) => typeof v === 'number';
  const filled = (v) => (typeof v === 'string' ? v !== '' : Array.isArray(v) ? v.length > 0 : v !== null && v !== undefined);
  const ordered = (op, c) => (op === '<' ? c < 0 : op === '<=' ? c <= 0 : op === '>' ? c > 0 : c >= 0);

  function evaluate(n, env) {
    const at = (i) => evaluate(n[i], env), yes = (i) => at(i) === true;
    switch (n[0]) {
      case 'v': return n[1];
      case 'f': return env.values[n[1]];
      case 'today': return env.today;
      case '!': return !yes(1);
      case '&&': return yes(1) && yes(2);
      case '||': return yes(1) || yes(2);
      case 'neg': { const x = at(1); return isNumber(x) ? -x : null; }
      case 'len': { const x = at(1); return typeof x === 'string' ? [...x].length : Array.isArray(x) ? x.length : 0; }
      case 'filled': return filled(at(1));
      default: return operate(n[0], at(1), at(2));
    }
  }
  function operate(op, a, b) {
    if (op === '==') return a === b;
    if (op === '!=') return a !== b;
    if (op === 'in') return Array.isArray(b) && b.includes(a);
    if (typeof a === 'string') {
      const t = typeof b === 'string' ? b : '';
      if (op === 'contains') return a.includes(t);
      if (op === 'startsWith') return a.startsWith(t);
      if (op === 'endsWith') return a.endsWith(t);
      return a !== '' && t !== '' && ordered(op, a < t ? -1 : a > t ? 1 : 0);
    }
    if ('+-*/'.includes(op)) {
      if (!isNumber(a) || !isNumber(b)) return null;
      const r = op === '+' ? a + b : op === '-' ? a - b : op === '*' ? a * b : a / b;
      return Number.isFinite(r) ? r : null;
    }
    return isNumber(a) && isNumber(b) && ordered(op, a < b ? -1 : a > b ? 1 : 0);
  }
  function value(type, raw) {
    const v = raw ?? [];
    switch (type) {
      case 'number': return v.length && NUMBER.test(v[0]) ? Number(v[0]) : null;
      case 'date': return v.length && DAY.test(v[0]) ? v[0] : '';
      case 'multi': case 'file': case 'table': return v.filter((s) => s !== '');
      case 'info': return '';
      default: return v.length ? v[0] : '';
    }
  }
  // states says, per field, whether it is shown, required and refused.
  function states(spec, raw) {
    const env = { values: {}, today: spec.today }, out = { shown: {}, required: {}, invalid: {} };
    for (const f of spec.fields) {
      env.values[f.k] = value(f.t, null);
      out.shown[f.k] = !f.s || evaluate(f.s, env) === true;
      if (out.shown[f.k]) env.values[f.k] = value(f.t, raw[f.k]);
    }
    for (const f of spec.fields) {
      if (!out.shown[f.k] || f.t === 'info') continue;
      out.required[f.k] = !!f.q || (!!f.r && evaluate(f.r, env) === true);
      out.invalid[f.k] = filled(env.values[f.k]) && !!f.v && evaluate(f.v, env) !== true;
    }
    return out;
  }
  window.deskForm = { states };

  // ---- the page ---------------------------------------------------------------
  const D = document, $$ = (s, r) => [...r.querySelectorAll(s)];
  const typed = (form, spec) => {
    const raw = {}, data = new FormData(form);
    for (const f of spec.fields) raw[f.k] = data.getAll('f_' + f.k).filter((v) => typeof v === 'string').map((v) => v.replace(/\r\n/g, '\n'));
    return raw;
  };
  function apply(form, announce, touched) {
    const spec = form._spec ??= JSON.parse(form.dataset.form), s = states(spec, typed(form, spec));
    let came = 0;
    for (const f of spec.fields) {
      const box = form.querySelector(`[data-field="${f.k}"]`); if (!box) continue;
      const off = !s.shown[f.k];
      if (!off && box.hasAttribute('data-off')) came++;
      box.toggleAttribute('data-off', off);
      const star = box.querySelector('[data-star]'); if (star) star.hidden = !s.required[f.k];
      const opt = box.querySelector('[data-opt]'); if (opt) opt.hidden = !!s.required[f.k];
      $$('input:not([type=hidden]):not([type=checkbox]):not([type=file]),select,textarea', box).forEach((i) => { if (!i.closest('table')) i.setAttribute('aria-required', String(!!s.required[f.k])); });
      const msg = box.querySelector('[data-invalid]');
      if (msg && (touched === f.k || !s.invalid[f.k])) { msg.hidden = !s.invalid[f.k]; box.classList.toggle('bad', !!s.invalid[f.k]); }
    }
    const said = form.querySelector('[data-came]');
    if (said && announce && came) said.textContent = said.dataset.came.replace('#', String(came));
  }
  const scan = () => $$('form[data-form]', D).forEach((f) => apply(f, false));
  const changed = (e, touched) => { const f = e.target.closest?.('form[data-form]'); if (f) apply(f, true, touched ? e.target.closest('[data-field]')?.dataset.field : undefined); };
  D.addEventListener('input', (e) => changed(e, false));
  D.addEventListener('change', (e) => changed(e, true));
  D.addEventListener('desk:changed', (e) => changed(e, true)); // a picker or an upload has set a hidden field
  D.addEventListener('click', (e) => {
    const b = e.target.closest?.('[data-addrow]'); if (!b) return;
    const body = b.closest('[data-field]').querySelector('tbody'), rows = body.rows;
    if (rows.length >= Number(b.dataset.addrow)) return;
    e.preventDefault();
    const row = rows[rows.length - 1].cloneNode(true); $$('input', row).forEach((i) => { i.value = ''; });
    body.append(row); row.querySelector('input')?.focus();
  });
  if (D.readyState === 'loading') D.addEventListener('DOMContentLoaded', scan); else scan();
})();
