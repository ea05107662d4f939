/** All distributions that are known by name; the first that tells is it. */
import { ARCH_KIN } from './archkin.ts';
import { DEBIAN_KIN } from './debiankin.ts';
import { OTHER_KIN } from './otherkin.ts';
import type { Product } from './row.ts';
import { RPM_KIN } from './rpmkin.ts';
import { UBUNTU_KIN } from './ubuntukin.ts';

export const PRODUCTS: readonly Product[] = [...UBUNTU_KIN, ...DEBIAN_KIN, ...ARCH_KIN, ...RPM_KIN, ...OTHER_KIN];
