/** GRUB's looks: the graphical menu of every GRUB that has its Unicode font, with the colours of the BIOS menu. grub.info, section 7 */
import type { Menu } from './plan.ts';

/** Beside grub.cfg. */
export const THEME_FILE = 'theme.txt';
export const SELECTED_FILE = 'select_c.png';

/** One pixel of #2a4f7c: GRUB paints the selected line with it. A colour alone it takes for the text only. */
export const SELECTED_PNG: Uint8Array = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGPQ8q8BAAGcAPZKup4RAAAAAElFTkSuQmCC',
  'base64',
);

const FONT = '"Unifont Regular 16"';

/** GRUB's theme language knows no escapes; all texts of a menu are plain. */
export function renderTheme(menu: Menu): string {
  return `${[
    'title-text: ""',
    'desktop-color: "#10243e"',
    `terminal-font: ${FONT}`,
    ...label('7%', '#ffd866', menu.title),
    '+ boot_menu {',
    '  left = 10% top = 15% width = 80% height = 62%',
    `  item_font = ${FONT} item_color = "#f2f6fa"`,
    `  selected_item_font = ${FONT} selected_item_color = "#ffd866" selected_item_pixmap_style = "select_*.png"`,
    '  item_height = 22 item_padding = 6 item_spacing = 4 item_icon_space = 0 icon_width = 0 icon_height = 0',
    '}',
    '+ progress_bar {',
    '  id = "__timeout__" left = 25% top = 83% width = 50% height = 24',
    `  font = ${FONT} text_color = "#f2f6fa" fg_color = "#3d6ea5" bg_color = "#10243e" border_color = "#3d6ea5"`,
    `  text = "${menu.words.startsIn}"`,
    '}',
    ...label('91%', '#c7d6e6', `${menu.nodeName}: ${menu.words.grubKeys}`),
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
