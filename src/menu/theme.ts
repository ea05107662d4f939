/** GRUB's looks: the graphical menu of every GRUB that has its Unicode font, with the colours of the BIOS menu. grub.info, section 7 */
import type { Menu } from './plan.ts';

/** Beside grub.cfg. */
export const THEME_FILE = 'theme.txt';
export const SELECTED_FILE = 'select_c.png';

const FONT = '"Unifont Regular 16"';

/** GRUB's theme language knows no escapes; all texts of a menu are plain. */
export function renderTheme(menu: Menu): string {
  const c = menu.colors;
  return `${[
    'title-text: ""',
    `desktop-color: "${c.background}"`,
    `terminal-font: ${FONT}`,
    ...label('7%', c.accent, menu.title),
    '+ boot_menu {',
    '  left = 10% top = 15% width = 80% height = 62%',
    `  item_font = ${FONT} item_color = "${c.text}"`,
    // The bar is a picture, SELECTED_FILE: a colour alone GRUB takes for the text only.
    `  selected_item_font = ${FONT} selected_item_color = "${c.selectedText}" selected_item_pixmap_style = "select_*.png"`,
    '  item_height = 22 item_padding = 6 item_spacing = 4 item_icon_space = 0 icon_width = 0 icon_height = 0',
    '}',
    '+ progress_bar {',
    '  id = "__timeout__" left = 25% top = 83% width = 50% height = 24',
    `  font = ${FONT} text_color = "${c.text}" fg_color = "${c.frame}" bg_color = "${c.background}" border_color = "${c.frame}"`,
    `  text = "${menu.words.startsIn}"`,
    '}',
    ...label('91%', c.hint, `${menu.nodeName}: ${menu.words.grubKeys}`),
  ].join('\n')}\n`;
}

function label(top: string, colour: string, text: string): readonly string[] {
  return [
    '+ label {',
    `  left = 0 top = ${top} width = 100% height = 24 align = "center" color = "${colour}" font = ${FONT}`,
    `  text = "${text}"`,
    '}',
  ];
}
