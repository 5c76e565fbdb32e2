// Runs before anything is painted, so that the page never flashes in the other theme.
(() => {
  const root = document.documentElement;
  let kept = {};
  try {
    kept = JSON.parse(localStorage.getItem('awgp.appearance') ?? '{}') ?? {};
  } catch {
    // Nothing kept, or storage is off: the system's theme it is.
  }
  const dark =
    kept.theme === 'dark' ||
    (kept.theme !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  root.classList.toggle('dark', dark);
  const colour = document.querySelector('meta[name=theme-color]');
  if (colour) colour.content = dark ? colour.dataset.dark : colour.dataset.light;
  root.dataset.density = kept.density === 'compact' ? 'compact' : 'comfortable';
})();
