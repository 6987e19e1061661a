// designer.js: parts of a form are dragged to their place; the buttons beside each do the same without it.
(() => {
  'use strict';
  const D = document; let part = null;
  D.addEventListener('dragstart', (e) => { part = e.target.closest?.('[data-part]') ?? null; if (part) { e.dataTransfer.effectAllowed = 'move'; e.dataTransfer.setData('text/plain', ''); part.classList.add('dragged'); } });
  D.addEventListener('dragend', () => { part?.classList.remove('dragged'); part = null; D.querySelectorAll('.drop-here').forEach((x) => x.classList.remove('drop-here')); });
  D.addEventListener('dragover', (e) => {
    const over = part && e.target.closest?.('[data-part]'); if (!over || over.parentElement !== part.parentElement) return;
    e.preventDefault(); D.querySelectorAll('.drop-here').forEach((x) => x.classList.remove('drop-here')); over.classList.add('drop-here');
  });
  D.addEventListener('drop', (e) => {
    const over = part && e.target.closest?.('[data-part]'); if (!over || over === part || over.parentElement !== part.parentElement) return;
    e.preventDefault();
    const form = part.querySelector('form[action$="/move"]'); if (!form) return;
    form.querySelector('[name=to]').value = String([...over.parentElement.children].indexOf(over));
    form.requestSubmit();
  });
})();
