/** NFS version 3 as a program: each procedure over what the shelf has. */
export {};
