// First script of every page: says that scripts run, before anything is painted.
document.documentElement.classList.add('js');
