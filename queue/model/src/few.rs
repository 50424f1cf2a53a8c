//! A list of a few small values, kept in place: a state is then a plain copy, and cheap to make by the million.

use std::hash::{Hash, Hasher};
use std::ops::{Deref, DerefMut};

/// At most `N` values.
#[derive(Clone, Copy, Debug)]
pub struct Few<T, const N: usize> {
    items: [T; N],
    len: u8,
}

impl<T: Copy + Default, const N: usize> Few<T, N> {
    /// So many default values, at most `N`.
    #[must_use]
    pub fn of(count: u8) -> Self {
        let mut few = Self::default();
        (0..count).for_each(|_| _ = few.push(T::default()));
        few
    }

    /// Appends a value; `false`, and nothing changes, if there is no room.
    pub fn push(&mut self, item: T) -> bool {
        let free = self.has_room();
        if free {
            self.items[usize::from(self.len)] = item;
            self.len += 1;
        }
        free
    }

    /// Takes the value at an index out; those behind it move up.
    pub fn remove(&mut self, index: usize) -> T {
        let item = self[index];
        self.items.copy_within(index + 1..usize::from(self.len), index);
        self.len -= 1;
        item
    }

    /// Keeps the values for which `keep` holds.
    pub fn retain(&mut self, mut keep: impl FnMut(&T) -> bool) {
        let mut kept = Self::default();
        self.iter().filter(|item| keep(item)).for_each(|item| _ = kept.push(*item));
        *self = kept;
    }

    /// The values, in their order.
    pub fn into_items(self) -> impl Iterator<Item = T> {
        self.items.into_iter().take(usize::from(self.len))
    }

    /// Whether another value fits.
    #[must_use]
    pub fn has_room(&self) -> bool {
        usize::from(self.len) < N
    }
}

impl<T: Copy + Default, const N: usize> Default for Few<T, N> {
    fn default() -> Self {
        Self { items: [T::default(); N], len: 0 }
    }
}

impl<T, const N: usize> Deref for Few<T, N> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        &self.items[..usize::from(self.len)]
    }
}

impl<T, const N: usize> DerefMut for Few<T, N> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.items[..usize::from(self.len)]
    }
}

impl<T: PartialEq, const N: usize> PartialEq for Few<T, N> {
    fn eq(&self, other: &Self) -> bool {
        self[..] == other[..]
    }
}

impl<T: Eq, const N: usize> Eq for Few<T, N> {}

impl<T: PartialOrd, const N: usize> PartialOrd for Few<T, N> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        self[..].partial_cmp(&other[..])
    }
}

impl<T: Ord, const N: usize> Ord for Few<T, N> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self[..].cmp(&other[..])
    }
}

impl<T: Hash, const N: usize> Hash for Few<T, N> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self[..].hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_keeps_order_and_refuses_what_does_not_fit() {
        let mut few: Few<u8, 3> = Few::default();
        assert!(few.push(7) && few.push(8) && few.push(9));
        assert!(!few.push(10));
        assert_eq!(few.remove(0), 7);
        assert_eq!(few[..], [8, 9]);
        few.retain(|item| *item == 9);
        assert_eq!(few[..], [9]);
    }
}
