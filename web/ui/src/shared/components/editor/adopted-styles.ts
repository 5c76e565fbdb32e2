import { StyleModule } from 'style-mod';

/**
 * CodeMirror writes its styles into a `<style>` of the document, which our content policy forbids.
 * A style sheet that a script makes and the document adopts is allowed: its rules go there.
 */
export function adoptEditorStyles(): void {
  StyleModule.mount = adopt;
}

interface Adopted {
  sheet: CSSStyleSheet;
  modules: StyleModule[];
}

const adopted = new WeakMap<Document | ShadowRoot, Adopted>();

/** Later modules take precedence, as the library says; what was there before stays before. */
function adopt(root: Document | ShadowRoot, given: StyleModule | readonly StyleModule[]): void {
  const known = adopted.get(root) ?? made(root);
  const modules = Array.isArray(given) ? (given as readonly StyleModule[]) : [given as StyleModule];
  const fresh = modules.filter((each) => !known.modules.includes(each));
  if (fresh.length === 0) return;
  known.modules = [...known.modules.filter((each) => !modules.includes(each)), ...modules];
  known.sheet.replaceSync(known.modules.map((each) => each.getRules()).join('\n'));
}

function made(root: Document | ShadowRoot): Adopted {
  const one: Adopted = { sheet: new CSSStyleSheet(), modules: [] };
  root.adoptedStyleSheets = [...root.adoptedStyleSheets, one.sheet];
  adopted.set(root, one);
  return one;
}
